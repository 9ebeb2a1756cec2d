"""Every installed solver gives the same honest answer to the same small program."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotaopt.errors import SolverError, UnknownNameError
from quotaopt.optimize import answers, solvers_highs, solvers_pulp
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.optimize.solvers import about, installed, solve, solvers, version

INF = np.inf
INSTALLED = sorted(installed())


def program(cost, matrix, row_lower, row_upper, lower, upper, integer=None):
    """A program from plain lists; `matrix` may be [] for no rows."""
    cost, row_lower, row_upper, lower, upper = (
        np.asarray(part, dtype=float) for part in (cost, row_lower, row_upper, lower, upper)
    )
    table = sp.csr_array(np.asarray(matrix, dtype=float).reshape(row_lower.size, cost.size))
    return LinearProgram(
        cost, table, row_lower, row_upper, lower, upper, None if integer is None else np.array(integer)
    )


# Range row 2 ≤ x + y ≤ 3, equation x - y + z = 0, z free. x is cheap up to 1.5, y fills up to 2: cost 1.5 + 2 × 0.5.
# One more unit of the range's foot costs a y (2); one more of x's cap swaps a y for an x (1 - 2 = -1).
RANGES = program([1, 2, 0], [[1, 1, 0], [1, -1, 1]], [2, 0], [3, 0], [0, 0, -INF], [1.5, INF, INF])
# Three ways to hold x + y ≥ 1, one of them twice: the dual is not unique, the optimum 1 is.
DEGENERATE = program([1, 1], [[1, 1], [1, 1], [2, 2]], [1, 1, 2], [INF] * 3, [0, 0], [INF, INF])
TRANSPORT = program(  # two reps, two products; rep totals 3 and 2, product totals 4 and 1; costs 1 3 / 2 1 → 3 + 2 + 1
    [1, 3, 2, 1],
    [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]],
    [3, 2, 4, 1],
    [3, 2, 4, 1],
    [0] * 4,
    [INF] * 4,
)
OPTIMA = {
    "ranges": (RANGES, 2.5),
    "degenerate": (DEGENERATE, 1.0),
    "transport": (TRANSPORT, 6.0),
    # cost x - y, -8 ≤ x + y ≤ -3, x ≤ -1, -5 ≤ y ≤ -2: (-3, -5) costs 2, (-6, -2) costs -4
    "negative_bounds": (program([1, -1], [[1, 1]], [-8], [-3], [-INF, -5], [-1, -2]), -4.0),
    "fixed_column": (program([1, 1], [[1, 1]], [3], [INF], [1, 0], [1, INF]), 3.0),
    "empty_row": (program([1, 1], [[0, 0], [1, 1]], [-1, 2], [1, INF], [0, 0], [INF, INF]), 2.0),
    "unused_column": (program([1, 0], [[1, 0]], [2], [INF], [0, 3], [INF, 4]), 2.0),
    "zero_objective": (program([0, 0], [[1, 1]], [2], [2], [0, 0], [INF, INF]), 0.0),
    "no_rows": (program([1, -1], [], [], [], [1, 0], [2, 3]), -2.0),
    "no_columns": (program([], [], [0, -1], [1, 0], [], []), 0.0),
    "tiny_crossing": (program([1], [[1]], [2 + 1e-12], [2], [0], [5]), 2.0),
}
WHOLE = {
    # Chvátal (1983), p. 13: the optimum of the program is whole, (2, 0, 1).
    "knapsack": (
        program(
            [-5, -4, -3],
            [[2, 3, 1], [4, 1, 2], [3, 4, 2]],
            [-INF] * 3,
            [5, 11, 8],
            [0] * 3,
            [INF] * 3,
            [True] * 3,
        ),
        -13.0,
    ),
    "fractional_bound": (program([-1, -1], [[2, 3]], [-INF], [7], [0, 0], [2.5, 5], [True, True]), -3.0),
    "mixed": (program([1, 1], [[1, 1]], [2.5], [INF], [0, 0], [INF, 0.25], [True, False]), 3.0),
    "no_rows": (program([-1, 0], [], [], [], [0, 0.5], [2.7, 1.5], [True, True]), -2.0),
}
WITHOUT = {
    "above_bound": (program([1], [[1]], [2], [3], [0], [1]), "infeasible"),
    "against_each_other": (program([1, 1], [[1, 1], [1, 1]], [3, -INF], [INF, 2], [0, 0], [INF, INF]), "infeasible"),
    "without_cost": (program([0, 0], [[1, 1], [1, 1]], [3, -INF], [INF, 2], [0, 0], [INF, INF]), "infeasible"),
    "half": (program([1], [[2]], [1], [1], [0], [5], [True]), "infeasible"),
    "crossed_columns": (program([1], [[1]], [0], [9], [3], [2]), "infeasible"),
    "crossed_rows": (program([1], [[1]], [3], [2], [0], [9]), "infeasible"),
    "empty_row": (program([1], [[0]], [1], [1], [0], [1]), "infeasible"),
    "no_columns": (program([], [], [1], [1], [], []), "infeasible"),
    "unbounded": (program([-2, 1], [[1, -1]], [-INF], [0], [0, 0], [INF, INF]), "unbounded"),
    "unbounded_free": (program([1], [[1]], [-INF], [4], [-INF], [INF]), "unbounded"),
    "unbounded_whole": (program([-1, 0], [[1, -1]], [0], [0], [0, 0], [INF, INF], [True, True]), "unbounded"),
    "no_rows": (program([-1, 0], [], [], [], [0, 0], [INF, 1]), "unbounded"),
    "both": (program([-1, 0], [[1, -1], [0, 1]], [0, -1], [INF, -1], [0, 0], [INF, INF]), "infeasible"),
}


@pytest.fixture(params=INSTALLED)
def solver(request):
    return request.param


def check_duals(lp, found):
    """Identity of `linear.Solution`, right signs, no gap: together they prove the optimum without the solver."""
    np.testing.assert_allclose(lp.matrix.T @ found.row_dual + found.column_dual, lp.cost, atol=1e-7)
    dual = np.append(found.row_dual, found.column_dual)
    low, high = np.append(lp.row_lower, lp.lower), np.append(lp.row_upper, lp.upper)
    assert np.isfinite(low[dual > 1e-6]).all()
    assert np.isfinite(high[dual < -1e-6]).all()
    bound = np.where(dual > 0, low, high)
    assert dual[np.isfinite(bound)] @ bound[np.isfinite(bound)] == pytest.approx(found.objective, abs=1e-6)


@pytest.mark.parametrize("case", OPTIMA)
def test_optimum_with_proof(solver, case):
    lp, optimum = OPTIMA[case]
    found = solve(lp, solver)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(optimum, abs=1e-7)
    assert answers.violation(lp, found.x) <= 1e-7
    assert found.seconds > 0
    check_duals(lp, found)


def test_hand_computed_duals(solver):
    found = solve(RANGES, solver)
    np.testing.assert_allclose(found.x, [1.5, 0.5, -1.0], atol=1e-7)
    np.testing.assert_allclose(found.row_dual, [2.0, 0.0], atol=1e-7)
    np.testing.assert_allclose(found.column_dual, [-1.0, 0.0, 0.0], atol=1e-7)


def test_dual_is_the_change_of_the_objective_per_unit_of_the_bound(solver):
    """Finite difference on every row and bound of a program with a unique basis."""
    lp = program(
        [1.0, 2.5, 0.7], [[1, 1, 0], [1, -1, 1], [0, 1, 2]], [2, 0.25, 1], [3, 0.25, 9], [0, 0, -INF], [1.5, 4, INF]
    )
    found, step = solve(lp, solver), 1e-3
    for side, dual in (("row", found.row_dual), ("", found.column_dual)):
        lower, upper = ("row_lower", "row_upper") if side else ("lower", "upper")
        for i, value in enumerate(dual):
            moved = [getattr(lp, name) + step * (np.arange(dual.size) == i) for name in (lower, upper)]
            after = solve(replace(lp, **{lower: moved[0], upper: moved[1]}), solver, duals=False)
            assert (after.objective - found.objective) / step == pytest.approx(value, abs=2e-4)


@pytest.mark.parametrize("case", WHOLE)
def test_whole_numbers(solver, case):
    lp, optimum = WHOLE[case]
    found = solve(lp, solver)
    assert (found.status, found.row_dual, found.column_dual) == ("optimal", None, None)
    assert found.objective == pytest.approx(optimum, abs=1e-7)
    assert (found.x[lp.integer] == np.rint(found.x[lp.integer])).all()


@pytest.mark.parametrize("case", WITHOUT)
def test_programs_without_an_optimum(solver, case):
    lp, status = WITHOUT[case]
    found = solve(lp, solver)
    assert found.status == status, found.detail
    assert found.x is None and found.row_dual is None and found.column_dual is None
    assert np.isnan(found.objective)
    assert found.detail


@st.composite
def feasible_programs(draw):
    """Programs of order 1, made around a point so that one answer exists, boxed so that an optimum does."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = rng.integers(-2, 3, (rows, columns)) * (rng.random((rows, columns)) < 0.7)
    point = np.round(rng.uniform(-1, 2, columns), 2)
    activity, slack = matrix @ point, np.round(rng.uniform(0, 0.5, (2, rows)), 2)
    kind = rng.integers(0, 4, rows)  # equation, at least, at most, range
    row_lower = np.where(kind == 2, -INF, activity - slack[0] * (kind != 0))
    row_upper = np.where(kind == 1, INF, activity + slack[1] * (kind != 0))
    cost = np.round(rng.uniform(-1, 1, columns), 2)
    return program(cost, matrix, row_lower, row_upper, np.minimum(point, -1.0), np.maximum(point, 2.0))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(feasible_programs())
def test_solvers_agree(lp):
    answers_of = {name: solve(lp, name) for name in INSTALLED}
    for found in answers_of.values():
        assert found.status == "optimal"
        assert found.objective == pytest.approx(answers_of["highs"].objective, rel=1e-7, abs=1e-7)
        check_duals(lp, found)


def market_split(rows=5, columns=40, seed=0):
    """Cornuéjols and Dawande's market split: tiny, and out of reach of branch and bound in a second."""
    rng = np.random.default_rng(seed)
    share = rng.integers(0, 100, (rows, columns)).astype(float)
    half = np.floor(share.sum(axis=1) / 2)
    slack = np.eye(rows)
    cost = np.append(np.zeros(columns), np.ones(2 * rows))
    upper = np.append(np.ones(columns), np.full(2 * rows, INF))
    integer = np.append(np.ones(columns, bool), np.zeros(2 * rows, bool))
    return program(cost, np.hstack([share, slack, -slack]), half, half, np.zeros(cost.size), upper, integer)


def test_a_limit_stop_with_an_answer_is_feasible_never_optimal(solver):
    found = solve(market_split(), solver, seconds=1)
    assert found.status == "feasible"
    assert found.seconds < 3
    assert found.objective > 0


def test_no_time_for_any_answer():
    assert solve(RANGES, "highs", seconds=0).status == "no_solution"


def test_same_seed_same_answer(solver):
    lp = feasible_example()
    first, second = (solve(lp, solver, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.x, second.x)


def feasible_example(rows=12, columns=30):
    rng = np.random.default_rng(1)
    matrix = rng.integers(0, 3, (rows, columns)).astype(float)
    return program(
        rng.random(columns), matrix, matrix.sum(axis=1) * 0.3, np.full(rows, INF), np.zeros(columns), np.ones(columns)
    )


def test_parallel_solves_do_not_meet(solver):
    lps = [replace(RANGES, row_lower=RANGES.row_lower + np.array([0.1 * i, 0])) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda lp: solve(lp, solver).objective, lps))
    np.testing.assert_allclose(found, 2.5 + 0.2 * np.arange(8), atol=1e-7)


def test_nothing_is_printed_and_nothing_is_left_behind(solver, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    solve(RANGES, solver)
    solve(WITHOUT["above_bound"][0], solver)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_scaling_is_not_needed_for_money(solver):
    """Bounds in the millions still pass: tolerances are relative."""
    lp = program([1, 2], [[1, 1]], [3.0e6], [INF], [0, 0], [1234567.89, INF])
    assert solve(lp, solver).objective == pytest.approx(1234567.89 + 2 * (3.0e6 - 1234567.89), rel=1e-7)


def test_totals_less_their_parts_are_held_to_zero(solver):
    """Text files round each term; where large ones cancel, the miss is judged by their size."""
    weights = np.array([700 / 3, 1100 / 7, 900 / 11])
    matrix = np.vstack([np.append(weights, [-1, 0]), [0, 0, 0, 1, -1000 / 13], np.append(np.eye(3)[0], [0, 0])])
    lp = program([0, 0, 0, 0, 1], matrix, [0, -INF, 1], [0, 0, INF], [0, 7, 7, 0, 0], [INF] * 5)
    found = solve(lp, solver)
    assert found.status == "optimal"
    assert found.objective == pytest.approx((weights @ [1, 7, 7]) * 13 / 1000, rel=1e-7)
    check_duals(lp, found)


def test_dual_program_equals_the_duals_of_the_solver():
    for lp in (RANGES, TRANSPORT, feasible_example()):
        found = solve(lp, "highs")
        again = answers.dual_by_dual_program(lp, found, "highs", lambda dual: solve(dual, "highs", duals=False))
        check_duals(lp, again)


def test_duals_with_the_other_sign_are_turned():
    found = solve(RANGES, "highs")
    turned = answers.with_duals(
        RANGES, replace(found, row_dual=-found.row_dual), "x", lambda _: pytest.fail("not asked")
    )
    np.testing.assert_allclose(turned.row_dual, found.row_dual, atol=1e-9)


def test_duals_only_when_asked(solver):
    found = solve(RANGES, solver, duals=False)
    assert found.status == "optimal"
    assert (found.row_dual is None) == (found.column_dual is None)


def lying(status, x, row_dual=None):
    return lambda lp, **_: Solution(status, np.array(x, dtype=float), row_dual)


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (lying("optimal", [9, 9, 9]), "an answer called optimal misses a bound by"),
        (lying("feasible", [np.nan, 0, 0]), "an answer called feasible misses a bound by inf"),
        (lying("optimal", [1, 1, 0]), "its dual values miss the optimum"),  # feasible, but costs 3
    ],
)
def test_nonsense_is_refused(monkeypatch, liar, said):
    def solve_first(lp, **limits):
        return liar(lp) if lp.cost.size == 3 and lp.cost[1] == 2 else solvers_highs.run_highs(lp, ("simplex",), 9, 0)

    monkeypatch.setitem(solvers._functions, "highs", solve_first)
    with pytest.raises(SolverError, match=f"solver highs: returned nonsense: {said}"):
        solve(RANGES, "highs")


def test_highs_tries_the_next_engine_when_one_fails(monkeypatch):
    tried = []
    real = solvers_highs._highs_once

    def once(lp, engine, presolve, seconds, seed):
        tried.append((engine, presolve))
        return Solution("failed", detail="Unknown") if len(tried) < 3 else real(lp, engine, presolve, seconds, seed)

    monkeypatch.setattr(solvers_highs, "_highs_once", once)
    assert solve(RANGES, "highs").objective == pytest.approx(2.5)
    assert tried == [("simplex", "on"), ("ipx", "on"), ("simplex", "off")]


def test_infeasible_is_believed_only_without_presolve(monkeypatch):
    real = solvers_highs._highs_once

    def once(lp, engine, presolve, seconds, seed):
        return Solution("infeasible") if presolve == "on" else real(lp, engine, presolve, seconds, seed)

    monkeypatch.setattr(solvers_highs, "_highs_once", once)
    assert solve(RANGES, "highs").status == "optimal"


def test_numbers_highs_cannot_take():
    with pytest.raises(SolverError, match="rejected the model"):
        solve(program([1], [[1e20]], [0], [1], [0], [1]), "highs")


def test_unknown_solver_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no such solver 'higs'\. Did you mean 'highs'\?"):
        solve(RANGES, "higs")


def test_missing_solver_tells_how_to_get_it(monkeypatch):
    monkeypatch.setattr(solvers_pulp.pulp, "getSolver", lambda *_, **__: pytest.fail("no licence"))
    monkeypatch.setattr(solvers_pulp, "_available", lambda _: None)
    with pytest.raises(SolverError, match=r"cbc: is not installed. Remedy: pip install 'pulp\[cbc\]'"):
        solve(RANGES, "cbc")


def test_a_crash_is_reported(monkeypatch):
    class Broken:
        def solve(self, lp):
            raise RuntimeError("segmentation fault")

        def actualSolve(self, lp, **_):
            raise RuntimeError("segmentation fault")

    monkeypatch.setattr(solvers_pulp, "_solver", lambda *_: Broken())
    with pytest.raises(SolverError, match="cbc: crashed: segmentation fault"):
        solve(RANGES, "cbc")


def test_the_names():
    assert {"highs", "highs-ipx", "cbc", "glpk", "scip", "gurobi", "cplex", "mosek", "xpress"} <= set(solvers)
    assert "cbc" in solvers and "nonsense" not in solvers
    assert about("highs").startswith("HiGHS")
    assert "pulp[cbc]" in about("cbc")


def test_cbc_comes_with_the_installation():
    assert {"highs", "highs-ipx", "cbc"} <= set(INSTALLED)


def test_versions(solver):
    assert version(solver)


def test_highs_needs_no_pulp():
    code = "import sys, quotaopt.optimize.solvers as s; s.solvers['highs']; assert 'pulp' not in sys.modules"
    path = str(Path(solvers_pulp.__file__).parents[2])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": path})


@pytest.mark.parametrize(
    ("said", "late", "status"),
    [
        (("Optimal", True), False, "optimal"),
        (("TimeLimit", True), True, "feasible"),
        (("GapLimit", True), False, "feasible"),
        (("TimeLimit", False), True, "no_solution"),
        (("Stopped", False), False, "no_solution"),
        (("Undefined", False), False, "failed"),
        (("Unbounded", False), False, "unbounded"),
    ],
)
def test_words_of_pulp_4(said, late, status):
    stats = SimpleNamespace(status=SimpleNamespace(name=said[0]), has_solution=said[1])
    assert solvers_pulp._status(None, stats, late=late) == (status, said[0])


@pytest.mark.parametrize(
    ("code", "solution", "late", "status"),
    [
        (1, 1, False, "optimal"),
        (1, 1, True, "feasible"),  # GLPK at its time limit
        (1, 2, True, "feasible"),  # CBC at its time limit
        (0, 0, True, "no_solution"),
        (0, 0, False, "failed"),
        (-1, -1, False, "infeasible"),
        (-2, -2, False, "unbounded"),
        (-3, -1, False, "failed"),
    ],
)
def test_words_of_pulp_3(monkeypatch, code, solution, late, status):
    words = {1: "Optimal", 0: "Not Solved", -1: "Infeasible", -2: "Unbounded", -3: "Undefined"}
    monkeypatch.setattr(solvers_pulp.pulp, "LpStatus", words, raising=False)
    problem = SimpleNamespace(status=code, sol_status=solution)
    assert solvers_pulp._status(problem, code, late=late) == (status, words[code])


def test_a_failure_is_not_called_infeasible():
    """The first program fails, the elastic one shows a feasible point, no direction earns: the solver just failed."""
    said = iter([Solution("failed", detail="numerical trouble")])
    found = answers.settle(RANGES, lambda lp: next(said, None) or solve(lp, "highs"))
    assert (found.status, found.detail) == ("failed", "numerical trouble")


@pytest.mark.parametrize(("second", "status"), [("no_solution", "no_solution"), ("failed", "failed")])
def test_without_a_second_opinion_nothing_is_claimed(second, status):
    said = iter([Solution("infeasible", detail="first"), Solution(second, detail="second")])
    found = answers.settle(RANGES, lambda _: next(said))
    assert (found.status, found.detail) == (status, "first; then second")


def test_out_of_time_for_duals():
    found = solve(RANGES, "highs")
    late = answers.dual_by_dual_program(RANGES, found, "glpk", lambda _: Solution("no_solution"))
    assert late.row_dual is None and late.objective == pytest.approx(2.5)


def test_a_dual_program_without_optimum_is_nonsense():
    with pytest.raises(SolverError, match="a program with an optimum, but no dual values"):
        answers.dual_by_dual_program(RANGES, solve(RANGES, "highs"), "glpk", lambda _: Solution("infeasible"))


def test_time_limits_that_pulp_reports_as_errors(monkeypatch):
    def stop(lp, **_):
        time.sleep(0.05)
        raise RuntimeError("Unknown status returned by GLPK")

    solver = SimpleNamespace(solve=stop, actualSolve=stop)
    found = solvers_pulp._run(RANGES, "glpk", solver, 0.05)
    assert found.status == "no_solution"
    with pytest.raises(SolverError, match="glpk: crashed: Unknown status"):
        solvers_pulp._run(RANGES, "glpk", solver, 10)


def test_a_program_that_cannot_be_asked_has_no_version(monkeypatch, tmp_path):
    monkeypatch.setattr(solvers_pulp, "_usable", lambda _: ("GLPK_CMD", str(tmp_path / "gone")))
    assert solvers_pulp.version("glpk") == ""
