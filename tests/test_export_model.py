"""The written model, read back: the same program to the last digit, and the optimum the optimiser finds."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pandas as pd
import pulp
import pytest
import scipy.sparse as sp

from quotaopt.errors import InputError
from quotaopt.goals import Distance, Levels, goal
from quotaopt.optimize.export_model import Model, make_model, write_model
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.model_files import FORMATS
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.statement import state
from quotaopt.problem import Cube, Index, Problem

from .crossing import crossing
from .instances import solved, tiny_problem, use, with_

INF = np.inf
AMOUNTS = ("capacity", "reference", "last_year")
SUFFIXES = sorted(FORMATS)


def read(path: Path) -> tuple[LinearProgram, list[str], list[str], float]:
    """A model file as HiGHS understands it: the program, names of columns and rows, and the optimum."""
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    assert reader.readModel(str(path)) == highspy.HighsStatus.kOk
    lp = reader.getLp()
    matrix = sp.csc_array((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_), (lp.num_row_, lp.num_col_))
    sides = map(np.array, (lp.row_lower_, lp.row_upper_, lp.col_lower_, lp.col_upper_))
    found = LinearProgram(np.array(lp.col_cost_), sp.csr_array(matrix), *sides)
    reader.run()
    return found, list(lp.col_names_), list(lp.row_names_), reader.getInfo().objective_function_value


def one_sided(model: Model) -> tuple[LinearProgram, list[str]]:
    """The program with each two-sided row as two, the lower limit first."""
    lp, parts, low, high, names = model.lp, [], [], [], []
    for k, name in enumerate(model.rows):
        a, b = lp.row_lower[k], lp.row_upper[k]
        both = np.isfinite(a) and np.isfinite(b) and a != b
        for lo, hi, tail in ((a, INF, ".min"), (-INF, b, ".max")) if both else ((a, b, ""),):
            parts.append(lp.matrix[[k]])
            low.append(lo), high.append(hi), names.append(name + tail)
    lp = LinearProgram(lp.cost, sp.csr_array(sp.vstack(parts)), np.array(low), np.array(high), lp.lower, lp.upper)
    return lp, names


def everything(unit: str = "0.01") -> tuple[Problem, list[Any]]:
    """Cells, products and months at once, ranges, prices of months, a band, a lock."""
    problem = tiny_problem(unit=D(unit), target=66_001)
    cubes = {k: Cube(problem.index, getattr(problem, k).values * 100) for k in AMOUNTS}
    problem = with_(problem, **cubes)
    rules = [
        use("meet_target"),
        use("product_mix", ranges={"P1": (D("0.4"), D("0.55"))}),
        use("stay_within_capacity", stretch=1.3),
        use("stay_within_capacity", stretch=1.4, by=("product", "month")),
        use("month_shape", low=0.3, high=0.7, of=("rep",)),
        use("fair_share", band=0.9),
        use("limit_change", down=0.5, up=3.0),
    ]
    return problem, rules


def levels(problem: Problem, name: str = "level_stretch") -> Levels | Distance:
    return goal[name](problem)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_reading_gives_the_same_program(suffix: str, tmp_path: Path) -> None:
    problem, rules = everything()
    path = tmp_path / f"model{suffix}"
    model = write_model(path, problem, state(problem, rules), levels(problem))
    found, columns, rows, _ = read(path)
    wanted, names = (model.lp, model.rows) if suffix == ".mps" else one_sided(model)
    assert rows == names
    order = [columns.index(name) for name in model.columns]  # an LP file names columns where they first stand
    for side in ("cost", "lower", "upper"):
        assert np.array_equal(getattr(found, side)[order], getattr(wanted, side)), side
    assert (abs(found.matrix[:, order] - wanted.matrix)).max() == 0
    for side in ("row_lower", "row_upper"):
        np.testing.assert_allclose(getattr(found, side), getattr(wanted, side), rtol=1e-15, atol=0)
    assert np.array_equal(found.row_upper, wanted.row_upper)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5])
def test_the_optimum_is_the_highest_level(suffix: str, seed: int, tmp_path: Path) -> None:
    problem, rules = crossing(seed)
    blocks, found, _ = solved(problem, rules)
    path = tmp_path / f"model{suffix}"
    write_model(path, problem, blocks, levels(problem))
    assert read(path)[3] == pytest.approx(found.goals[0].value, rel=1e-7)


def test_every_notion_of_fairness(tmp_path: Path) -> None:
    """The level may be negative: L is free."""
    problem, rules = everything()
    for name in ("equal_chance", "level_growth"):
        blocks, found, _ = solved(problem, rules, (name,))
        write_model(tmp_path / "m.lp", problem, blocks, levels(problem, name))
        assert read(tmp_path / "m.lp")[3] == pytest.approx(found.goals[0].value, rel=1e-7)
    low = with_(problem, target=20_000, expected=np.array([1e4, 2e4, 3e4]))
    model = make_model(low, state(low, [use("meet_target")]), levels(low, "equal_chance"))
    assert solve(model.lp).objective < 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_distance_is_the_sum_of_changes(suffix: str, tmp_path: Path) -> None:
    """330 of money and a plan of 300: thirty more in all, in hundreds."""
    problem = tiny_problem(unit=D("0.5"))
    problem = with_(problem, plan=problem.capacity)
    path = tmp_path / f"m{suffix}"
    write_model(path, problem, state(problem, [use("meet_target")]), levels(problem, "least_change"))
    assert read(path)[3] == pytest.approx(0.3)


GOLDEN = """\
\\ quotas of the first goal, amounts in 100
Minimize
 cost: + 1 L
Subject To
 products_R1: - 1 Q_R1 + 1 x_R1_P1 + 1 x_R1_P2 = 0
 products_R2: - 1 Q_R2 + 1 x_R2_P1 + 1 x_R2_P2 = 0
 products_R3: - 1 Q_R3 + 1 x_R3_P1 + 1 x_R3_P2 = 0
 meet_target_all: + 1 Q_R1 + 1 Q_R2 + 1 Q_R3 = 3.3
 product_mix_P1.min: + 1 x_R1_P1 + 1 x_R2_P1 + 1 x_R3_P1 >= 0.66
 product_mix_P1.max: + 1 x_R1_P1 + 1 x_R2_P1 + 1 x_R3_P1 <= 1.65
 level_R1: + 1 Q_R1 - 0.5 L <= 0
 level_R2: + 1 Q_R2 - 1 L <= 0
 level_R3: + 1 Q_R3 - 1.5 L <= 0
Bounds
 0 <= Q_R2 <= 1.605
 L free
End
"""


def test_a_model_one_can_read(tmp_path: Path) -> None:
    problem = tiny_problem(unit=D("0.5"))
    rules = [
        use("meet_target"),
        use("product_mix", ranges={"P1": (D("0.2"), D("0.5"))}),
        use("quota_ceiling", by_role={"farmer": D("160.5")}),
    ]
    write_model(tmp_path / "m.lp", problem, state(problem, rules), levels(problem))
    assert (tmp_path / "m.lp").read_text() == GOLDEN


def odd_names() -> Problem:
    """Ids that no format allows, and two pairs that look alike once they are legal."""
    problem = tiny_problem()
    reps = problem.index.reps.set_axis(["R 1", "R-1", "张伟"])
    products = problem.index.products.set_axis(["a<=b", "free"])
    index = Index(reps, products, problem.index.months)
    return with_(problem, index=index, **{
        k: Cube(index, getattr(problem, k).values) for k in AMOUNTS
    })  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_names_are_legal_and_unique_and_lead_back(suffix: str, tmp_path: Path) -> None:
    problem = odd_names()
    path = tmp_path / f"m{suffix}"
    rules = [use("meet_target"), use("stay_within_capacity", stretch=2.0, by=("rep", "product", "month"))]
    model = write_model(path, problem, state(problem, rules), levels(problem))
    names = model.columns + model.rows
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in names)
    table = model.table().set_index("name")
    assert table.loc[["Q_R_1", "Q_R_1_2", "Q___"], "label"].tolist() == ["Q R 1", "Q R-1", "Q 张伟"]
    assert table.loc["level_R_1_2", "label"] == "level R-1"
    assert sorted(read(path)[1]) == sorted(model.columns)


EDGES = LinearProgram(
    np.array([1.0, 0.1 + 0.2, 0.0, 0.0, -1e-7, 0.0]),
    sp.csr_array(np.array([[1.0, 1, 0, 0, 0, 0], [1 / 3, 0, 0, 1e-7, 1, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0]])),
    np.array([0.1, -INF, -5.0, 1e15 + 1]),
    np.array([INF, 2 / 3, 7.5, 1e15 + 1]),
    np.array([-INF, -INF, 0.0, -3.0, 0.0, 2.0]),
    np.array([INF, -1.0, 0.0, INF, 1e9 + 1 / 3, 2.0]),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_row_and_bound(suffix: str, tmp_path: Path) -> None:
    """Free, negative, fixed, empty columns, ranges, and digits to the last."""
    names, rows = [f"x{k}" for k in range(6)], [f"r{k}" for k in range(4)]
    model = Model(EDGES, 1, names, rows, {})
    path = tmp_path / f"m{suffix}"
    path.write_text("\n".join(FORMATS[suffix](EDGES, names, rows, "edges")) + "\n")
    found, columns, found_rows, _ = read(path)
    wanted, wanted_rows = (EDGES, rows) if suffix == ".mps" else one_sided(model)
    order = [columns.index(name) for name in names]
    assert found_rows == wanted_rows
    for side in ("cost", "lower", "upper"):
        assert np.array_equal(getattr(found, side)[order], getattr(wanted, side)), side
    assert np.array_equal(found.matrix.toarray()[:, order], wanted.matrix.toarray())
    assert np.array_equal(found.row_lower, wanted.row_lower)
    assert np.array_equal(found.row_upper, wanted.row_upper)


def cbc() -> str:
    """The CBC that PuLP brings, or one on the PATH."""
    bundled = getattr(getattr(pulp, "PULP_CBC_CMD", None), "pulp_cbc_path", None)
    return bundled if bundled and Path(bundled).exists() else shutil.which("cbc") or ""


def ask_cbc(path: Path) -> float:
    done = subprocess.run([cbc(), str(path), "solve", "quit"], capture_output=True, text=True, timeout=60, check=True)
    return float(re.findall(r"(?:Optimal objective|objective value:?) +(-?[\d.e+]+)", done.stdout)[-1])


def ask_glpk(path: Path) -> float:
    answer = path.with_suffix(".txt")
    kind = {".mps": "--freemps", ".lp": "--lp"}[path.suffix]
    subprocess.run(["glpsol", kind, str(path), "-o", str(answer)], capture_output=True, timeout=60, check=True)
    (value,) = re.findall(r"Objective: .* = (\S+) \(MINimum\)", answer.read_text())
    return float(value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(ask_cbc, marks=pytest.mark.skipif(not cbc(), reason="no CBC here")),
        pytest.param(ask_glpk, marks=pytest.mark.skipif(not shutil.which("glpsol"), reason="no GLPK here")),
    ],
)
def test_the_command_lines_of_other_solvers_read_it(ask: Any, suffix: str, tmp_path: Path) -> None:
    problem, rules = everything()
    for factor in (1, 10**6):  # amounts of millions next to levels of 1: some solvers would stop short
        cubes = {k: Cube(problem.index, getattr(problem, k).values * factor) for k in AMOUNTS}
        large = with_(problem, target=problem.target * factor, **cubes)
        blocks, found, _ = solved(large, rules)
        path = tmp_path / f"model{suffix}"
        model = write_model(path, large, blocks, levels(large))
        assert model.money == 100 * factor
        assert ask(path) == pytest.approx(found.goals[0].value, rel=1e-6)


def test_the_same_scenario_gives_the_same_bytes(tmp_path: Path) -> None:
    problem, rules = everything()
    for name in ("a.mps", "b.mps"):
        write_model(tmp_path / name, problem, state(problem, rules), levels(problem))
    assert (tmp_path / "a.mps").read_bytes() == (tmp_path / "b.mps").read_bytes()


@pytest.mark.parametrize(("name", "says"), [("m.txt", "End it in .mps or .lp"), ("no/m.lp", "no such folder")])
def test_a_file_that_cannot_be_written(name: str, says: str, tmp_path: Path) -> None:
    problem = tiny_problem()
    with pytest.raises(InputError, match=says):
        write_model(tmp_path / name, problem, [], levels(problem))


def test_the_table_of_names(tmp_path: Path) -> None:
    problem = tiny_problem()
    table = make_model(problem, state(problem, [use("meet_target")]), levels(problem)).table()
    assert isinstance(table, pd.DataFrame)
    assert table.to_numpy().tolist()[:4] == [
        ["Q_R1", "column", "Q R1"], ["Q_R2", "column", "Q R2"], ["Q_R3", "column", "Q R3"], ["L", "column", "L"]
    ]  # fmt: skip
    assert table.to_numpy().tolist()[4] == ["meet_target_all", "row", "meet_target all"]
