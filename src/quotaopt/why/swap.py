"""Who could take a part of a rep's quota: the peers whom it costs least chance, as far as rules and fairness allow.

A linear program over the totals of reps: the rep's quota falls, nobody else's does, every rule of the plan holds, and
nobody who takes more ends with a lower chance than the rep in dispute has now. Of all such ways the one that costs
least in normal scores of chance, ``Σ d_j / q_j'(z)``; a corner of it has few takers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from quotaopt.case import Case
from quotaopt.columns import why as c
from quotaopt.errors import SolverError
from quotaopt.goals import Levels, chance_levels
from quotaopt.optimize.build import build
from quotaopt.optimize.program import Program
from quotaopt.problem import Floats
from quotaopt.record import shape
from quotaopt.why.ladder import whole

TIE = 1e-6  # later reps cost this much more, each: of equals the first takes
NEAR = 1e-6  # of a unit: what solvers leave


@dataclass(frozen=True, eq=False)
class Swap:
    """What part of a rep's quota others could take.

    Attributes
    ----------
    wanted, taken : money that was asked about, and that can go.
    chance, chance_after : of the rep in dispute, now and then; nan where the forecast knows no chances.
    takers : columns `columns.why.SWAP`, the one who takes most first.
    """

    rep: str
    quota: float
    wanted: float
    taken: float
    chance: float
    chance_after: float
    takers: pd.DataFrame


def who_takes(case: Case, rep: str, part: float) -> Swap:
    """The cheapest takers of the part `part` of a rep's quota, or of as much of it as can go.

    Raises
    ------
    SolverError
        If the solver stops early, or the plan itself misses some total.
    """
    problem, unit = case.problem, float(case.problem.unit)
    r = [str(name) for name in problem.index.reps.index].index(rep)
    now = case.totals.astype(float)
    wanted = float(np.rint(now[r] * part))
    levels = chance_levels(problem)
    known = bool(levels.has.any())
    levels = levels if known else case.levels
    program = _bounded(build(problem, case.kept), now, _most(levels, now, r), r, wanted)
    least = np.zeros(program.lower.size)
    least[program.reps[r]] = 1.0
    lowest = _solve(case, program, least)[r]
    program = program.fix(program.reps[[r]], np.array([lowest]) / program.scale)
    price = np.zeros(program.lower.size)
    slope = levels.near(now).scale
    dear = np.divide(1.0, slope, out=np.zeros_like(slope), where=slope > 0)
    price[program.reps] = dear / max(dear.max(), 1e-300) * (1 + TIE * np.arange(now.size))
    after = now + whole(np.where(np.arange(now.size) == r, 0.0, _solve(case, program, price) - now))
    after[r] = now[r] - (after.sum() - now.sum())
    chances = [ndtr(-levels.level(q)) if known else np.full(now.size, np.nan) for q in (now, after)]
    takes = after - now
    order = [k for k in np.argsort(-takes, kind="stable") if takes[k] > 0]
    reps = problem.index.reps
    table = pd.DataFrame({
        "rep_id": reps.index[order], "region": reps["region"].to_numpy()[order], "quota": now[order] * unit,
        "takes": takes[order] * unit, "comes_to": after[order] * unit, "ratio": takes[order] / now[order],
        "chance": chances[0][order], "chance_after": chances[1][order],
    })  # fmt: skip
    return Swap(rep, now[r] * unit, wanted * unit, (now[r] - after[r]) * unit, float(chances[0][r]),
                float(chances[1][r]), shape(table, c.SWAP))  # fmt: skip


def _most(levels: Levels, now: Floats, r: int) -> Floats:
    """The most each rep may carry: up to the level of the rep in dispute; nothing more where that is not known."""
    level = levels.level(now)[r]
    limit = levels.quota(level) if not np.isnan(level) else now
    return np.maximum(np.where(levels.has, np.floor(limit + NEAR), now), now)


def _bounded(program: Program, now: Floats, most: Floats, r: int, wanted: float) -> Program:
    """The region in which one quota falls by at most `wanted`, and no other does."""
    lower, upper = program.lower.copy(), program.upper.copy()
    low, high = now.copy(), most.copy()
    low[r], high[r] = now[r] - wanted, now[r]
    lower[program.reps] = np.maximum(lower[program.reps], low / program.scale)
    upper[program.reps] = np.minimum(upper[program.reps], high / program.scale)
    return program.bounded(lower, np.maximum(lower, upper))


def _solve(case: Case, program: Program, cost: Floats) -> Floats:
    """Totals of the reps at the least cost, units."""
    meter = case.meter()
    found = meter(program.minimise(cost))
    if found.status != "optimal" or found.x is None:
        raise SolverError(meter.solver, f"stopped without an answer ({found.status}); try: quotaopt verify")
    return np.asarray(found.x[program.reps] * program.scale)
