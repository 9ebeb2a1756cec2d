"""Fair totals of reps: goals in order, each frozen before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from quotaopt.columns import REP
from quotaopt.goals import Distance, Levels
from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.build import build
from quotaopt.optimize.classes import find_classes
from quotaopt.optimize.exact import certify
from quotaopt.optimize.fairness import level_down
from quotaopt.optimize.levels import Fair, Items, Solve
from quotaopt.optimize.program import Program
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Ints, Problem


@dataclass(frozen=True, eq=False)
class GoalResult:
    """What one goal reached: its name, value (highest level, or total change in units) and the time it took."""

    name: str
    value: float
    seconds: float


@dataclass(frozen=True, eq=False)
class FairTotals:
    """Totals of reps in units (R,), the goals reached, and the levels that decided them.

    Attributes
    ----------
    fair : levels and blocks of items.
    who : the rep of each item; where levels bend, a rep has an item for each piece of its function.
    whole : whether each rep had columns of its own; otherwise limits of single reps were shared in classes, and
        the spread has to show that a table with these totals exists.
    programs : number of linear programs solved.
    exact : whether no digit of a solver is in the values.
    scale : units of one scaled amount.
    levelled_by : name of the goal the levels are of.
    program, items : what the levels were found on; none when another goal came first.
    """

    status: str
    values: Floats
    goals: list[GoalResult]
    levels: Levels
    fair: Fair
    who: Ints
    whole: bool
    programs: int
    exact: bool
    scale: float
    program: Program | None = None
    items: Items | None = None
    levelled_by: str = ""


def reach_goals(
    problem: Problem,
    blocks: Sequence[Block],
    goals: Sequence[tuple[str, Levels | Distance]],
    solve: Solve,
    whole: bool = False,
) -> FairTotals:
    """Solve the goals in order; once levels are given to every rep, later goals have nothing left to choose.

    Parameters
    ----------
    goals : name and goal; one at least must be levels, so that the totals are unique.
    whole : give each rep columns of its own instead of one set per class of reps.
    """
    levels = next(g for _, g in goals if isinstance(g, Levels))
    whole = whole or any(isinstance(g, Distance) for _, g in goals)
    classes = None if whole else find_classes(problem, blocks, levels.has)
    program = build(problem, blocks, classes=classes)
    results: list[GoalResult] = []
    decided: FairTotals | None = None
    levelled_by = next(name for name, g in goals if isinstance(g, Levels))
    status, programs, exact = "optimal", 0, True
    for name, goal in goals:
        began = perf_counter()
        if decided is not None:
            value = _reached(decided.values, goal)
        elif isinstance(goal, Distance):
            status, program, value, certain = _shorten(program, goal.reference / program.scale, solve)
            programs, exact, value = programs + 1, exact and certain, value * program.scale
        else:
            decided = _level(problem, program, goal, solve)
            decided = decided if not results else replace(decided, program=None, items=None)
            status, value = decided.status, _reached(decided.values, goal)
            programs, exact = programs + decided.programs, exact and decided.exact
        if status != "optimal":
            break
        results.append(GoalResult(name, value, perf_counter() - began))
    found = decided or _undecided(status, problem, program)
    return replace(found, goals=results, levelled_by=levelled_by, programs=programs, exact=exact)


def _reached(values: Floats, goal: Levels | Distance) -> float:
    """Highest level, or sum of changes, at the given totals."""
    if isinstance(goal, Distance):
        return float(np.abs(values - goal.reference).sum())
    return float(goal.level(values)[goal.has].max()) if goal.has.any() else float("nan")


def _undecided(status: str, problem: Problem, program: Program) -> FairTotals:
    nothing = np.zeros(problem.index.shape[0])
    none = np.zeros(0, dtype=np.int64)
    return FairTotals(status, nothing, [], Levels(nothing, nothing), Fair(status), none, True, 0, True, program.scale)


def _shorten(program: Program, reference: Floats, solve: Solve) -> tuple[str, Program, float, bool]:
    """Minimise the sum of ``|Q - reference|`` and hold it there; amounts scaled."""
    n, (rows, m) = reference.size, program.matrix.shape
    wide = program.extend(sp.csr_array((rows, 2 * n + 1)), np.zeros(2 * n + 1), np.full(2 * n + 1, np.inf))
    pick = sp.csr_array((np.ones(n), (np.arange(n), program.reps)), shape=(n, m))
    one, nothing = sp.eye_array(n, format="csr"), sp.csr_array((n, 1))
    wide = wide.require(sp.csr_array(sp.hstack([pick, one, -one, nothing])), reference, reference)
    total = sp.csr_array(np.concatenate([np.zeros(m), np.ones(2 * n), [-1.0]])[None, :])
    wide = wide.require(total, np.array([-np.inf]), np.array([0.0]))
    lp = wide.minimise(np.append(np.zeros(m + 2 * n), 1.0))
    found = solve(lp)
    if found.status != "optimal":
        return found.status, program, float("nan"), True
    proof = certify(lp, found)
    if proof.objective <= 1e-9 * max(1.0, float(reference.sum())):
        return "optimal", program.fix(program.reps, reference), 0.0, proof.exact
    upper = wide.upper.copy()
    upper[-1] = proof.objective
    return "optimal", wide.bounded(wide.lower, upper), proof.objective, proof.exact


def _level(problem: Problem, program: Program, goal: Levels, solve: Solve) -> FairTotals:
    """Level every rep by `goal`; those without a level of it share by capacity what is left to them."""
    able = problem.eligible.any(axis=(1, 2))
    values = np.zeros(able.size)
    by_capacity = Levels(np.zeros(able.size), problem.capacity.by(REP))
    out = _undecided("optimal", problem, program)
    for levels, mine in ((goal, able & goal.has), (by_capacity, able & ~goal.has)):
        if not mine.any():
            continue
        items, who = rep_items(program, levels, np.flatnonzero(mine))
        fair = level_down(program, items, solve)
        first = not out.who.size
        out = replace(
            out,
            status=fair.status,
            levels=levels if first else out.levels,
            fair=fair if first else out.fair,
            who=who if first else out.who,
            programs=out.programs + fair.programs,
            exact=out.exact and fair.exact,
            whole=program.layout.exact,
            program=program if first else out.program,
            items=items if first else out.items,
        )
        if fair.status != "optimal":
            break
        values += np.bincount(who, fair.values, values.size) * program.scale
        columns = np.unique(items.column)
        sums = np.bincount(items.column, fair.values, program.reps.size).astype(np.float64)
        program = program.fix(columns, sums[columns])
    return replace(out, values=values)


def rep_items(program: Program, levels: Levels, who: Ints) -> tuple[Items, Ints]:
    """Reps as items of the program, amounts scaled, and the rep of each item.

    A function that bends is cut at its knots: one item for each piece between the rep's own bounds, the lowest first.
    The first holds the amount up to the end of its piece, each other what comes on top. At one level for all of them
    the items below it are full, those above empty, so that their sum follows the function.
    """
    own = program.own
    low, high = own.lower[who][:, None], own.upper[who][:, None]
    ends = np.pad(levels.bends[who], ((0, 0), (1, 1)), constant_values=(-np.inf, np.inf))
    kept = np.minimum(ends[:, 1:], high) > np.maximum(ends[:, :-1], low)
    without_room = np.arange(kept.shape[1]) == (low > ends[:, 1:-1]).sum(axis=1, keepdims=True)
    kept |= without_room & ~kept.any(axis=1, keepdims=True)
    at, piece = np.nonzero(kept)
    first, last = np.diff(at, prepend=-1) > 0, np.diff(at, append=who.size) > 0
    offset, scale = (part[who[at], piece] for part in levels.pieces)
    start = np.where(first, 0.0, ends[at, piece])
    knot = np.append(0.0, levels.knots)[piece]
    items = Items(
        program.layout.classes[who[at]],
        np.where(first, offset, -scale * knot) / program.scale,
        scale / program.scale,
        np.where(first, low[at, 0], 0.0) / program.scale,
        (np.where(last, high[at, 0], ends[at, piece + 1]) - start) / program.scale,
        np.where(first, own.lower_origin[who[at]], LINK),
        np.where(last, own.upper_origin[who[at]], LINK),
    )
    return items, who[at]
