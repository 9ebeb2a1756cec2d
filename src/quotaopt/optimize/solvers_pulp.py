"""The bridge to every solver PuLP can find: CBC, GLPK, SCIP, Gurobi, CPLEX, Xpress and others.

One bridge for PuLP 3.3 and 4: only the calls that both know, without deprecation. PuLP finds and runs the solver;
whatever it hands back is believed only after a check, since text files carry 8 to 15 digits, statuses are coarse
(PuLP 3.3 calls a time limit of GLPK "optimal") and dual signs differ from solver to solver.
"""

from __future__ import annotations

import importlib.metadata
import math
import re
import subprocess
import tempfile
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pulp

from quotaopt.errors import SolverError
from quotaopt.optimize.answers import settle
from quotaopt.optimize.linear import Floats, LinearProgram, Solution, Status

# Integers only, no longer kept up, or (HiGHS, the bundled CBC) reached in another way.
LEFT_OUT = {"CHOCO_CMD", "COINMP_DLL", "CPSAT", "CYLP", "HiGHS", "HiGHS_CMD", "PULP_CBC_CMD", "PYGLPK", "YAPOSIB"}
REMEDIES = {
    "cbc": "pip install 'pulp[cbc]'",
    "glpk": "install the package glpk-utils of your system, or put glpsol on the PATH",
    "scip": "pip install pyscipopt",
    "gurobi": "pip install gurobipy",
    "cplex": "pip install cplex",
    "mosek": "pip install mosek",
    "xpress": "pip install xpress",
    "copt": "pip install coptpy",
}
PACKAGES = {"SCIP_PY": "pyscipopt", "GUROBI": "gurobipy", "CPLEX_PY": "cplex", "MOSEK": "mosek", "XPRESS_PY": "xpress"}
PACKAGES |= {"COPT": "coptpy", "XPRESS": "xpress"}


def bridges() -> dict[str, Callable[..., Solution]]:
    """One function for each solver that PuLP knows, installed or not."""
    return {name: _bridge(name) for name in sorted(_classes())}


def installed() -> dict[str, str]:
    """Names and versions of those that can be used here."""
    return {name: version(name) for name in sorted(_classes()) if _available(name)}


def version(name: str) -> str:
    """Ask the solver for its version; an empty string when it does not tell."""
    kind, path = _usable(name)
    if kind in PACKAGES:
        return importlib.metadata.version(PACKAGES[kind])
    argument = {"cbc": "-quit"}.get(name, "--version")
    try:
        said = subprocess.run(  # noqa: S603 - the program PuLP would run
            [path, argument], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    number = re.search(r"(?:Version:?|version|Solver) +(\S.*?)[ \n,]", said.stdout)
    built = re.search(r"Build Date: (.*)", said.stdout)
    return " ".join(found[1].strip() for found in (number, built) if found)


def _bridge(name: str) -> Callable[..., Solution]:
    def function(lp: LinearProgram, *, seconds: float = 60.0, seed: int = 0) -> Solution:
        usable = _usable(name)
        return settle(lp, lambda program: _run(program, name, _solver(name, *usable, seconds, seed), seconds))

    function.__name__ = name
    function.__doc__ = f"{name.upper()}, found and run by PuLP. To get it: {REMEDIES.get(name, 'see its maker')}."
    return function


def _classes() -> dict[str, list[str]]:
    """Our name -> PuLP's names, those that talk to a library before those that exchange text files."""
    found: dict[str, list[str]] = {}
    for kind in sorted(set(pulp.listSolvers()) - LEFT_OUT, key=lambda kind: (kind.endswith("_CMD"), kind)):
        name = "cbc" if kind == "COIN_CMD" else re.sub(r"_(cmd|py|dll)$", "", kind.lower())
        found.setdefault(name, []).append(kind)
    return found


def _available(name: str) -> tuple[str, str] | None:
    """PuLP's name of the first form of this solver that works here, and the path of its program."""
    bundled = getattr(getattr(pulp, "PULP_CBC_CMD", None), "pulp_cbc_path", None)  # PuLP 3 brings CBC along
    for kind in _classes().get(name, []):
        paths = [bundled, None] if kind == "COIN_CMD" and bundled else [None]
        for path in paths:
            try:
                solver = pulp.getSolver(kind, msg=False, **({"path": path} if path else {}))
                if solver.available():
                    return kind, str(getattr(solver, "path", ""))
            except Exception:  # noqa: BLE001, S112 - a solver without a licence may raise anything
                continue
    return None


def _usable(name: str) -> tuple[str, str]:
    found = _available(name)
    if found is None:
        raise SolverError(name, f"is not installed. Remedy: {REMEDIES.get(name, 'install it where PuLP finds it')}.")
    return found


def _run(lp: LinearProgram, name: str, solver: Any, seconds: float) -> Solution:
    """Hand `lp` to PuLP and read the answer back; files live in a private folder that is removed."""
    problem, variables, rows = _problem(lp)
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="quotaopt-") as folder:
        if hasattr(solver, "tmpDir"):
            solver.tmpDir = folder
        try:
            said = problem.solve(solver)
        except Exception as error:
            if perf_counter() - started >= seconds:
                return Solution("no_solution", detail=f"time limit ({error})")
            raise SolverError(name, f"crashed: {error}") from error
    status, detail = _status(problem, said, late=perf_counter() - started >= 0.9 * seconds)
    if status not in ("optimal", "feasible"):
        return Solution(status, detail=detail)
    # PuLP leaves out columns that occur nowhere: any value within their bounds will do.
    x = np.clip(np.array([0.0 if v.varValue is None else v.varValue for v in variables]), lp.lower, lp.upper)
    duals = None if lp.integer is not None else _row_duals(problem, rows, lp.row_lower.size)
    return Solution(status, x, duals, detail=detail)


def _problem(lp: LinearProgram) -> tuple[Any, list[Any], list[int]]:
    """Put `lp` in PuLP's terms: serial names, a two-sided row as two; return also the row behind each of them."""
    problem = pulp.LpProblem("quotaopt", pulp.LpMinimize)
    expression = getattr(pulp.LpAffineExpression, "from_list", pulp.LpAffineExpression)  # PuLP 4, PuLP 3
    bounds = [[value if math.isfinite(value) else None for value in side.tolist()] for side in (lp.lower, lp.upper)]
    whole = [False] * lp.cost.size if lp.integer is None else lp.integer.tolist()
    variables = [
        problem.add_variable(f"x{i}", low, high, pulp.LpInteger if integer else pulp.LpContinuous)
        for i, (low, high, integer) in enumerate(zip(*bounds, whole, strict=True))
    ]
    problem.setObjective(expression([(variables[i], float(lp.cost[i])) for i in np.flatnonzero(lp.cost)]))
    columns, values, start = lp.matrix.indices.tolist(), lp.matrix.data.tolist(), lp.matrix.indptr.tolist()
    rows: list[int] = []
    for i, (low, high) in enumerate(zip(lp.row_lower.tolist(), lp.row_upper.tolist(), strict=True)):
        part = slice(start[i], start[i + 1])
        terms = [(variables[j], value) for j, value in zip(columns[part], values[part], strict=True)]
        if not terms:
            continue
        row = expression(terms)
        sides = [row == low] if low == high else []
        if low != high:
            sides = ([row >= low] if math.isfinite(low) else []) + ([row <= high] if math.isfinite(high) else [])
        for side in sides:
            problem.addConstraint(side, f"r{len(rows)}")
            rows.append(i)
    return problem, variables, rows


def _solver(name: str, kind: str, path: str, seconds: float, seed: int) -> Any:
    """Make the PuLP solver: quiet, limited, and as exact as it can be told to be."""
    settings: dict[str, Any] = {"msg": False, "timeLimit": seconds}
    if name == "cbc":
        tight = ["primalTolerance 1e-9", "dualTolerance 1e-9"]
        settings |= {"path": path, "options": [*tight, f"randomSeed {seed + 1}", f"randomCbcSeed {seed + 1}"]}
    elif name == "glpk":
        settings |= {"timeLimit": math.ceil(seconds), "options": ["--seed", str(seed)]}
    elif name == "scip":
        options = {"numerics/feastol": 1e-9, "numerics/dualfeastol": 1e-9, "randomization/randomseedshift": seed}
        settings["options"] = [part for pair in options.items() for part in pair]
    return pulp.getSolver(kind, **settings)


def _status(problem: Any, said: Any, *, late: bool) -> tuple[Status, str]:
    """Put PuLP's verdict in our words; `late` marks an end at the time limit, which PuLP 3 may call optimal."""
    if hasattr(said, "has_solution"):  # PuLP 4
        solved, proven, detail = said.has_solution, said.status.name == "Optimal", said.status.name
        stopped = detail.endswith("Limit") or detail in ("Interrupted", "Stopped")
    else:
        solved, proven, detail = problem.sol_status in (1, 2), problem.sol_status == 1 and not late, problem.status
        detail, stopped = pulp.LpStatus[detail], late
    if solved:
        return ("optimal" if proven else "feasible"), detail
    known: dict[str, Status] = {"Infeasible": "infeasible", "Unbounded": "unbounded"}
    return ("no_solution" if stopped else known.get(detail, "failed")), detail


def _row_duals(problem: Any, rows: list[int], count: int) -> Floats | None:
    """Dual values of the rows, the two sides of a range added; None when the solver gives none."""
    duals = [constraint.pi for constraint in problem.constraints()]
    if len(duals) != len(rows) or any(dual is None for dual in duals):
        return None
    total = np.zeros(count)
    np.add.at(total, rows, np.array(duals, dtype=float))
    return total
