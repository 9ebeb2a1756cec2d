"""The certificate of fairness: no quota can move from a more to a less stretched rep without breaking a limit.

Checked on the finished table without any solver. A move takes quota from rep j and gives it to rep i; products and
months may shift on the way, also through other reps, as long as every total stays inside its limits. On either side
(products, months) that is a path from i to j in the residual graph of a network:

* rep → total: the rep could take more of it (below its own limit);
* total → rep: the rep could give some of it up (above its own limit);
* total → the next larger total that contains it, and back, where there is room.

Complete where only one of the three hinders a move (totals of reps, products, months) and its limits are nested: the
network class, in which a table is fair exactly when no such move exists (Megiddo; Frank & Murota, Decreasing
Minimization on M-convex Sets). Otherwise exchanges between more than two reps may matter, which are not looked for,
and the certificate says so; that such a plan is fair rests on the cuts that its levels were computed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import breadth_first_order, connected_components

from quotaopt.columns import REP
from quotaopt.goals import Levels
from quotaopt.optimize.bounds import REPS, own_bounds
from quotaopt.optimize.families import families
from quotaopt.optimize.spread import Family
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Grouping, Ints, Problem

UNIT = 1.0  # a move of less than one unit is no move


@dataclass(frozen=True)
class Certificate:
    """Whether the plan is fair, the move that would make it fairer (giver, receiver), and whether that is all.

    `complete` is False outside the network class, where moves between more than two reps are not looked for.
    """

    fair: bool
    complete: bool
    giver: str = ""
    receiver: str = ""


def certify_fairness(problem: Problem, blocks: Sequence[Block], quota: Ints, levels: Levels) -> Certificate:
    """Look for a quota that could move from a rep with a higher to one with a lower level.

    Parameters
    ----------
    blocks : the rules' rows with the limits that were kept.
    quota : whole units, R × P × T.
    levels : the first goal.
    """
    totals = quota.sum(axis=(1, 2))
    # Limits relative to a rep's own total move with it; they hinder no exchange, but the answer is not complete then.
    plain = [b for b in blocks if b.expression.plain]
    intervals = families(problem, plain, totals)
    sides = [_Side(problem, quota, intervals, axis) for axis in (1, 2)]
    node = _rep_side(problem, plain, totals)
    own = own_bounds(problem, blocks)[REPS]
    less, more = levels.level(totals - UNIT), levels.level(totals + UNIT)
    gives = levels.has & (totals - UNIT >= own.lower) & (totals > 0)
    takes = levels.has & (totals + UNIT <= own.upper)
    kinds, kind = np.unique(np.stack([node, *(s.component for s in sides)]), axis=1, return_inverse=True)
    found = _unfair(kinds, kind.reshape(-1), sides, less, more, gives, takes)
    hinders = [np.unique(node).size > 1, *(np.unique(s.component).size > 1 for s in sides)]
    complete = len(plain) == len(blocks) and all(s.nested for s in sides) and sum(hinders) <= 1
    if found is None:
        return Certificate(True, complete)
    labels = problem.group(REP).labels
    return Certificate(False, complete, labels[found[0]], labels[found[1]])


def _unfair(
    kinds: Ints, kind: Ints, sides: Sequence[_Side], less: Floats, more: Floats, gives: Bools, takes: Bools
) -> tuple[int, int] | None:
    """A giver above a receiver to whom its quota can move; reps of one kind reach the same places.

    `less` and `more` are the levels of reps after giving or taking one unit.
    """
    n = kinds.shape[1]
    high, low = np.full(n, -1), np.full(n, -1)
    order = np.argsort(less, kind="stable")
    high[kind[order[gives[order]]]] = order[gives[order]]  # the last written is the highest
    order = np.argsort(-more, kind="stable")
    low[kind[order[takes[order]]]] = order[takes[order]]
    for receiver in np.flatnonzero(low >= 0):
        same = kinds[0] == kinds[0][receiver]
        for side, component in zip(sides, kinds[1:], strict=True):
            same &= side.reached(int(component[receiver]))[component]
        givers = high[same & (high >= 0)]
        i = low[receiver]
        # Moving one unit must still leave the giver above the receiver: less is rounding.
        better = givers[(less[givers] > more[i] + 1e-9) & (givers != i)]
        if better.size:
            return int(better[0]), int(i)
    return None


def _rep_side(problem: Problem, blocks: Sequence[Block], totals: Ints) -> Ints:
    """For each rep the totals of reps at a limit that contain it: quota moves only inside one such set.

    A limit that is not reached does not hinder a small move.
    """
    cube = np.zeros(problem.index.shape)
    cube[:, 0, 0] = totals
    marks = [np.zeros(totals.size, dtype=np.int64)]
    for block in blocks:
        grouping = block.expression.grouping
        if grouping.own[0] or grouping.used[1] or grouping.used[2]:
            continue
        value = block.evaluate(cube)
        tight = (value - UNIT < block.lower) | (value + UNIT > block.upper)
        at_limit = np.full(grouping.size, -1)
        at_limit[block.keep[tight]] = block.keep[tight]
        marks.append(at_limit[grouping.codes[0]])
    node = np.unique(np.stack(marks), axis=1, return_inverse=True)[1]
    return np.asarray(node.reshape(-1), dtype=np.int64)


class _Side:
    """Residual graph of one side (axis 1: products, 2: months): reps, then totals of single items, then larger ones."""

    def __init__(self, problem: Problem, quota: Ints, intervals: Sequence[Family], axis: int) -> None:
        n_reps = quota.shape[0]
        mine = [f for f in intervals if f.grouping.used[axis] and not f.grouping.used[3 - axis]]
        crossing = any(f.grouping.used[axis] and f.grouping.used[3 - axis] for f in intervals)
        totals = [f for f in mine if not f.grouping.own[0]]
        margin = quota.sum(axis=3 - axis)
        low, high = _own_limits(problem, mine, axis, margin.shape)
        leaf = _atoms(problem, totals, axis)
        n = n_reps + int(leaf.max(initial=0)) + 1
        rep = np.repeat(np.arange(n_reps), margin.shape[1])
        edges = [
            _edges(rep, n_reps + leaf, (margin + UNIT <= high).reshape(-1)),
            _edges(n_reps + leaf, rep, (margin - UNIT >= low).reshape(-1)),
        ]
        up, self.nested = _tree(totals, axis, leaf, n_reps, quota)
        edges += up
        size = max([n, *(int(e.max()) + 1 for e in edges if e.size)])
        pairs = np.concatenate(edges, axis=1)
        graph = sp.csr_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(size, size))
        count, component = connected_components(graph, directed=True, connection="strong")
        self.component: Ints = component[:n_reps].astype(np.int64)
        self.nested &= not crossing
        links = _distinct(component[pairs].astype(np.int64))
        self.graph = sp.csr_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(count, count))
        self._reached: dict[int, Bools] = {}

    def reached(self, component: int) -> Bools:
        """Which strong components a path from this one leads to."""
        if component not in self._reached:
            flags = np.zeros(self.graph.shape[0], dtype=bool)
            flags[breadth_first_order(self.graph, component, return_predecessors=False)] = True
            self._reached[component] = flags
        return self._reached[component]


def _edges(a: Ints, b: Ints, where: Bools) -> Ints:
    return np.stack([a[where], b[where]])


def _distinct(pairs: Ints) -> Ints:
    """The different columns of a 2 × n array of node numbers."""
    width = int(pairs.max(initial=0)) + 1
    return np.stack(np.divmod(np.unique(pairs[0] * width + pairs[1]), width))


def _own_limits(problem: Problem, mine: Sequence[Family], axis: int, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Limits of each rep's own products or months."""
    open_ = problem.eligible.any(axis=3 - axis)
    low, high = np.zeros(shape), np.where(open_, np.inf, 0.0)
    for family in mine:
        if family.grouping.own[0] and family.grouping.own[axis]:
            low, high = np.maximum(low, family.lower.reshape(shape)), np.minimum(high, family.upper.reshape(shape))
    return low, high


def _codes(grouping: Grouping, axis: int) -> Ints:
    """Number of the total each rep × item belongs to, flat."""
    width = grouping.shape[axis]
    return np.asarray((grouping.codes[0][:, None] * width + grouping.codes[axis][None, :]).reshape(-1), dtype=np.int64)


def _atoms(problem: Problem, totals: Sequence[Family], axis: int) -> Ints:
    """The smallest sets of rep × item that all totals are made of: number of each rep × item, flat."""
    shape = problem.index.shape
    out = np.tile(np.arange(shape[axis]), shape[0])
    for family in totals:
        both = out * family.grouping.size + _codes(family.grouping, axis)
        out = np.unique(both, return_inverse=True)[1].reshape(-1)
    return out


def _tree(totals: Sequence[Family], axis: int, leaf: Ints, n_reps: int, quota: Ints) -> tuple[list[Ints], bool]:
    """Edges from each atom up to the totals that contain it and on to a common root, and whether they are nested.

    A total has two nodes: amounts may shift between its parts at the first; the second is reached, and left, only
    where the total itself may rise, or fall.
    """
    widths = [np.bincount(_codes(f.grouping, axis), minlength=f.grouping.size).mean() for f in totals]
    below, first = n_reps + leaf, n_reps + int(leaf.max(initial=0)) + 1  # the node each rep × item has reached
    nested, edges = True, []
    for k in np.argsort(widths, kind="stable"):
        family, code = totals[k], _codes(totals[k].grouping, axis)
        inside = _distinct(np.stack([below, first + code]))
        nested &= np.unique(inside[0]).size == inside.shape[1]
        value, here = family.grouping.sum(quota), first + np.arange(family.grouping.size)
        beyond = here + family.grouping.size
        rises, falls = value + UNIT <= family.upper, value - UNIT >= family.lower
        edges += [inside, inside[::-1], _edges(here, beyond, rises), _edges(beyond, here, falls)]
        below, first = beyond[code], first + 2 * family.grouping.size
    ends = _distinct(np.stack([below, np.full(below.size, first)]))
    return [*edges, ends, ends[::-1]], nested
