"""What fairness costs: the frontier between the fairest plan and the one that leadership would like best.

Convex, falling and piecewise linear in the fairness given up; its ends are the two pure solves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.case import Case
from quotaopt.columns import REP
from quotaopt.columns import why as c
from quotaopt.errors import UnknownNameError
from quotaopt.goals import Levels, goal
from quotaopt.optimize.alternatives import Point, trace_frontier
from quotaopt.optimize.build import build
from quotaopt.optimize.search import rep_items
from quotaopt.problem import Floats, Problem
from quotaopt.record import shape
from quotaopt.tables import write_csv

AT_LIMIT = 1e-4  # relative: a level this near to its limit is at it

Costs = Callable[[Problem], Floats]


def last_year_pattern(problem: Problem) -> Floats:
    """Last year's sales, scaled to the target; a rep without a whole last year by capacity, like the others."""
    growth = goal["level_growth"](problem)
    assert isinstance(growth, Levels)
    return growth.scale


def capacity_pattern(problem: Problem) -> Floats:
    """Capacity, scaled to the target: quotas that fit what each rep can sell, whatever the fairness goal."""
    return problem.capacity.by(REP)


COSTS: dict[str, Costs] = {"change": last_year_pattern, "capacity_fit": capacity_pattern}


def tabulate_frontier(case: Case, cost: str = "change", points: int = 15) -> pd.DataFrame:
    """Least cost for each amount of fairness given up, from the fair plan to the cheapest one; `columns.why.FRONTIER`.

    Cost is the money by which quotas of reps differ from a pattern scaled to the target, counted at both ends of
    each move; `delta` the largest distance of a rep's level from the fair one (by the slope there, where levels bend).

    Raises
    ------
    UnknownNameError
        If there is no such cost.
    NoPlanError
        If the scenario has no plan.
    """
    if cost not in COSTS:
        raise UnknownNameError("cost", cost, COSTS)
    problem = case.problem
    able = np.flatnonzero(problem.eligible.any(axis=(1, 2)))
    found = case.fair
    pattern = COSTS[cost](problem)[able]
    program = build(problem, case.kept)
    here, has = found.levels.near(found.values), found.levels.has  # a rep without a level may move as its capacity does
    levels = Levels(np.where(has, here.offset, 0.0), np.where(has, here.scale, problem.capacity.by(REP)))
    fair, wanted = found.values[able], pattern / pattern.sum() * problem.target
    items, _ = rep_items(program, levels, able)
    corners = trace_frontier(program, items, fair / program.scale, wanted / program.scale, case.meter(), points)
    reps = [str(rep) for rep in problem.index.reps.index[able]]
    table = pd.DataFrame([_corner(corner, program.scale, fair, levels.scale[able], reps) for corner in corners])
    table["cost"] *= float(problem.unit)
    return shape(_shares(table), c.FRONTIER)


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Add the part of the way each corner is, and mark the knee: farthest below the straight line between the ends."""
    if len(table) == 1:
        return table.assign(share=0.0, knee=False)
    cost, delta = table["cost"], table["delta"]
    share = (cost.iloc[0] - cost) / (cost.iloc[0] - cost.iloc[-1])
    knee = (share - delta / delta.iloc[-1]).idxmax() if len(table) > 2 else -1
    return table.assign(share=share, knee=table.index == knee)


def write_frontier(table: pd.DataFrame, picture: str, folder: Path, encoding: str) -> None:
    """Write ``frontier.csv`` and ``frontier.svg`` into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(shape(table, c.FRONTIER), folder / "frontier.csv", encoding)
    (folder / "frontier.svg").write_text(picture, encoding="utf-8")


def _corner(corner: Point, scale: float, fair: Floats, level: Floats, reps: Sequence[str]) -> dict[str, object]:
    """One row of the frontier: who is at the limit, and the two who pay most (their levels rise most)."""
    values = corner.values * scale
    rise = np.divide(values - fair, level, out=np.zeros_like(fair), where=level > 0)
    row: dict[str, object] = {"delta": corner.delta, "cost": corner.cost * scale}
    known = corner.unique and corner.delta > 0
    row["at_limit"] = (
        int((np.abs(rise) >= corner.delta * (1 - AT_LIMIT)).sum()) if known else 0 if corner.unique else None
    )
    order = np.lexsort((np.array(reps), -np.round(rise / (corner.delta or 1.0), 6)))  # equal ones by label
    pay = [k for k in order[:2] if known and rise[k] > AT_LIMIT * corner.delta]
    for number, k in zip(("first", "second"), [*pay, None, None], strict=False):
        row[f"{number}_rep"] = "" if k is None else reps[k]
        row[f"{number}_change"] = float("nan") if k is None or fair[k] <= 0 else values[k] / fair[k] - 1
    return row
