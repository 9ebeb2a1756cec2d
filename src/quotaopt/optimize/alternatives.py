"""Other tables than the fair one: how far a total could move, and what giving up fairness would buy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quotaopt.errors import SolverError
from quotaopt.optimize.levels import Items, Solve
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.program import Program
from quotaopt.optimize.sequential import level_sequentially
from quotaopt.problem import Floats

LOOSE = 1e-7  # relative: room for the rounding errors of a solver in a region without inside
FAIREST = 100  # most reps for whom the fairest totals of each corner are looked for: a program for each level
FLAT = 1e-4  # of the whole fall of the cost: a chord this near to the frontier is the frontier


@dataclass(frozen=True, eq=False)
class Point:
    """A corner of the frontier: fairness given up (level), cost (scaled), totals of reps (scaled, R).

    `unique` says whether these are the fairest totals there; otherwise they are one answer of many.
    """

    delta: float
    cost: float
    values: Floats
    unique: bool = False


def find_ranges(program: Program, rows: sp.csr_array, solve: Solve) -> tuple[Floats, Floats]:
    """Lowest and highest value of each row's total over the region (scaled): two programs a row at most.

    A total that some answer already showed at the end its columns' bounds allow needs no program of its own (the
    filter of optimality-based bound tightening; Gleixner et al., Three Enhancements for OBBT, 2017).

    Raises
    ------
    SolverError
        If the solver finds no optimum in time.
    """
    ends = [rows @ program.lower, rows @ np.where(np.isfinite(program.upper), program.upper, 1e300)]
    best = [np.full(rows.shape[0], np.inf), np.full(rows.shape[0], -np.inf)]
    for side, sign in ((0, 1.0), (1, -1.0)):
        for k in range(rows.shape[0]):
            if abs(best[side][k] - ends[side][k]) <= LOOSE * (1 + abs(ends[side][k])):
                continue
            cost = np.zeros(rows.shape[1])
            cost[rows.indices[rows.indptr[k] : rows.indptr[k + 1]]] = (
                sign * rows.data[rows.indptr[k] : rows.indptr[k + 1]]
            )
            seen = rows @ _optimum(program.minimise(cost), solve)
            best = [np.minimum(best[0], seen), np.maximum(best[1], seen)]
    return best[0], best[1]


def _optimum(lp: LinearProgram, solve: Solve) -> Floats:
    found = solve(lp)
    if found.status != "optimal" or found.x is None:
        raise SolverError("of the scenario", f"stopped without an answer ({found.status}); raise solver.seconds")
    return found.x


def trace_frontier(
    program: Program, items: Items, fair: Floats, reference: Floats, solve: Solve, points: int
) -> list[Point]:
    """Least ``sum |Q - reference|`` for each amount of fairness given up: the corners, the fair end first.

    Levels may be at most `delta` from the fair ones. The least cost is convex and piecewise linear in `delta`, so it
    is traced by chords (Aneja & Nair, Bicriteria Transportation Problem, 1979): the program that minimises cost +
    slope × delta finds the corner farthest below a chord, or proves the chord to be the frontier. The largest
    chords come first. Of all tables with a corner's delta and cost the fairest is taken, so that it is unique
    (with up to `FAIREST` reps).

    Parameters
    ----------
    items : the reps, each with its own column; `scale` says how much a level allows.
    fair, reference : totals of reps (scaled, R).
    points : most corners.
    """
    region = _Region(program, items, fair, reference, solve)
    first, last = replace(region.point(fair), unique=True), region.cheapest()
    if first.cost - last.cost <= LOOSE * (1 + first.cost):
        return [first]
    found, open_ = [first, last], [(first, last)]
    while open_ and len(found) < points:
        a, b = open_.pop(int(np.argmax([(p.cost - q.cost) * (q.delta - p.delta) for p, q in open_])))
        slope = (a.cost - b.cost) / (b.delta - a.delta)
        middle = region.best(slope)
        if a.cost + slope * a.delta - (middle.cost + slope * middle.delta) > FLAT * (first.cost - last.cost):
            found.append(middle)
            open_ += [(a, middle), (middle, b)]
    return [first, *(region.fairest(p) for p in sorted(found[1:], key=lambda p: p.delta))]


class _Region:
    """The region with columns for the change of each rep, the whole change, and the distance from the fair levels."""

    def __init__(self, program: Program, items: Items, fair: Floats, reference: Floats, solve: Solve) -> None:
        self.items, self.fair, self.reference, self.solve = items, fair, reference, solve
        n, (rows, m) = fair.size, program.matrix.shape
        wide = program.extend(sp.csr_array((rows, 2 * n + 2)), np.zeros(2 * n + 2), np.full(2 * n + 2, np.inf))
        pick = sp.csr_array((np.ones(n), (np.arange(n), items.column)), shape=(n, m))
        one, none = sp.eye_array(n, format="csr"), sp.csr_array((n, n))
        scale, nothing = sp.csr_array(items.scale[:, None]), sp.csr_array((n, 1))
        endless = np.full(n, np.inf)
        wide = wide.require(sp.csr_array(sp.hstack([pick, one, -one, nothing, nothing])), reference, reference)
        wide = wide.require(sp.csr_array(sp.hstack([pick, none, none, nothing, -scale])), -endless, fair)
        wide = wide.require(sp.csr_array(sp.hstack([pick, none, none, nothing, scale])), fair, endless)
        total = np.concatenate([np.zeros(m), np.ones(2 * n), [-1.0, 0.0]])
        self.program = wide.require(sp.csr_array(total[None, :]), np.array([-np.inf]), np.array([0.0]))
        self.aim = np.zeros(m + 2 * n + 2)

    def point(self, values: Floats) -> Point:
        """The corner these totals are at."""
        delta = np.abs(values - self.fair) / np.where(self.items.scale > 0, self.items.scale, np.inf)
        return Point(float(delta.max(initial=0.0)), float(np.abs(values - self.reference).sum()), values)

    def best(self, slope: float) -> Point:
        """Where cost + slope × delta is least."""
        cost = self.aim.copy()
        cost[-2:] = 1.0, slope
        return self.point(_optimum(self.program.minimise(cost), self.solve)[self.items.column])

    def cheapest(self) -> Point:
        """The least cost of all, and the fairest of the tables that have it."""
        cost = self.aim.copy()
        cost[-2] = 1.0
        least = self.point(_optimum(self.program.minimise(cost), self.solve)[self.items.column])
        cost[-2:] = 0.0, 1.0
        lp = self.within(np.inf, least.cost).minimise(cost)
        return self.point(_optimum(lp, self.solve)[self.items.column])

    def within(self, delta: float, cost: float) -> Program:
        """The region with at most this distance and cost."""
        upper = self.program.upper.copy()
        upper[-2:] = cost + LOOSE * (1 + cost), delta * (1 + LOOSE)
        return self.program.bounded(self.program.lower, upper)

    def fairest(self, point: Point) -> Point:
        """The corner with the fairest totals there, which are unique; as it is where they cannot be found."""
        if self.fair.size > FAIREST:
            return point
        found = level_sequentially(self.within(point.delta, point.cost), self.items, self.solve)
        return replace(point, values=found.values, unique=True) if found.status == "optimal" else point
