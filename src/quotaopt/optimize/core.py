"""The limits of a clash that already clash by themselves, so that without any one of them the others could be kept.

A clash names every limit that adds to what is missing. Often a few of them are enough: two of five floors exceed the
target. They are found by a deletion filter (Chinneck, Feasibility and Infeasibility in Optimization, 2008): leave out
one limit after the other, the finest and smallest first, as long as the rest still clash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from quotaopt.optimize.levels import Solve
from quotaopt.optimize.proof import Groups, Part, Proof, cells_of, judge, only
from quotaopt.problem import Problem

MOST, LARGEST = 40, 2_000_000  # linear programs, and cells of them all; limits not tried by then are left in

Row = tuple[int, int, int]  # use, block, number of the sub-total


@dataclass(frozen=True, eq=False)
class Core:
    """Limits that clash by themselves.

    Attributes
    ----------
    proof : their weights.
    tried : limits without which the others could be kept; with all of the core's in it nothing is superfluous.
    """

    proof: Proof
    tried: frozenset[Row]

    @property
    def rows(self) -> list[Row]:
        """All limits of the core."""
        return rows_of(self.proof)


def rows_of(proof: Proof) -> list[Row]:
    """The limits of a proof."""
    return [(part.use, part.block, row) for part in proof.parts for row in part.rows.tolist()]


def without_idle(problem: Problem, groups: Groups, proof: Proof) -> Proof:
    """The proof without upper limits of totals in which nobody may sell anyway: they add nothing to it."""
    parts: list[Part] = []
    for part in proof.parts:
        found = part.find(groups)
        keep = np.ones(part.rows.size, dtype=bool)
        if found is not None and found[0].expression.plain:
            able = found[0].expression.grouping.sum(problem.eligible.astype(np.int64))[part.rows] > 0
            keep = able | np.asarray(part.weight > 0, dtype=bool)
        if keep.any():
            parts.append(replace(part, rows=part.rows[keep], weight=part.weight[keep]))
    return Proof(tuple(parts))


def find_core(problem: Problem, groups: Groups, proof: Proof, solve: Solve) -> Core:
    """Leave out limits while the rest still clash: lower ones by arithmetic, then any by a program each."""
    proof = _drop_small(problem, groups, proof)
    if _all_needed(problem, groups, proof):
        return Core(proof, frozenset(rows_of(proof)))
    needed: set[Row] = set()
    for _ in range(min(MOST, LARGEST // problem.eligible.size)):
        left = [row for row in _by_size(groups, proof) if row not in needed]
        if not left:
            break
        rest = _without(proof, left[0])
        found = judge(problem, only(groups, rest), solve) if rest.parts else None
        if found is not None and found.proof is not None:
            proof = found.proof
        elif found is None or found.answer == "yes":
            needed.add(left[0])
        else:
            break
    return Core(proof, frozenset(needed))


def _drop_small(problem: Problem, groups: Groups, proof: Proof) -> Proof:
    """Without plain lower limits, the smallest first, as long as the sum of the others exceeds what is possible.

    A plain total weighs no cell below zero, so the weights prove as much without it, less its own part.
    """
    gap = proof.gap(problem, groups) or Fraction(0)
    for row in _by_size(groups, proof):
        part = next(p for p in proof.parts if (p.use, p.block) == row[:2])
        if (at := part.find(groups)) is None or not at[0].expression.plain:
            continue
        k = int(np.searchsorted(part.rows, row[2]))
        share = Fraction(part.weight[k]) * Fraction(float(part.limits(*at)[k]))
        if part.weight[k] > 0 and share < gap:
            proof, gap = _without(proof, row), gap - share
    return proof


def _all_needed(problem: Problem, groups: Groups, proof: Proof) -> bool:
    """Whether the proof is one total against limits of parts that do not overlap: then each of these is needed."""
    sides = [[(p, sign) for p in proof.parts if (p.weight * sign > 0).any()] for sign in (1, -1)]
    counts = [sum(int((part.weight * sign > 0).sum()) for part, sign in side) for side in sides]
    if min(counts) != 1:
        return False
    many = sides[int(np.argmax(counts))]
    cover = np.zeros((1, 1, 1), dtype=np.int64)
    for part, sign in many:
        block, at = part.find(groups) or (None, None)
        if block is None or at is None or not block.expression.plain:
            return False
        cover = cover + cells_of(block, at, (part.weight * sign > 0).astype(np.int64))
    plain = all((found := p.find(groups)) is not None and found[0].expression.plain for p in proof.parts)
    return plain and bool((np.broadcast_to(cover, problem.index.shape)[problem.eligible] <= 1).all())


def _by_size(groups: Groups, proof: Proof) -> list[Row]:
    """Limits of a proof, those of the finest totals first, then those that weigh least."""
    keyed = []
    for part in proof.parts:
        if (at := part.find(groups)) is None:
            continue
        sizes = np.abs(part.limits(*at) * part.weight.astype(np.float64))
        fine = -at[0].expression.grouping.size
        pairs = zip(sizes.tolist(), part.rows.tolist(), strict=True)
        keyed += [(fine, size, (part.use, part.block, row)) for size, row in pairs]
    return [row for _, _, row in sorted(keyed)]


def _without(proof: Proof, row: Row) -> Proof:
    """The proof's weights without those of one limit; no proof any more, perhaps."""
    parts: list[Part] = []
    for part in proof.parts:
        keep = part.rows != row[2] if (part.use, part.block) == row[:2] else np.ones(part.rows.size, dtype=bool)
        if keep.any():
            parts.append(replace(part, rows=part.rows[keep], weight=part.weight[keep]))
    return Proof(tuple(parts))
