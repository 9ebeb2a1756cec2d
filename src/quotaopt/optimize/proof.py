"""A proof that no table of quotas exists: limits that, weighted and added up, ask for more than they allow.

Every lower limit times a positive weight and every upper limit times a negative one, added up over the cells: when
no cell is left with a positive weight, the sum cannot be positive, because no quota is negative; so limits whose own
weighted sum is positive rule each other out (Farkas' lemma). A linear program proposes the weights; what counts is
the sum, which is done here again in whole numbers or fractions, over the cells themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from quotaopt.optimize.build import build, rows_of
from quotaopt.optimize.levels import Solve
from quotaopt.optimize.program import Program
from quotaopt.optimize.statement import Block, RuleUse
from quotaopt.problem import Floats, Ints, Problem

NOTHING = 1e-7  # a dual value below this is none
WHOLE = 1e-5  # weights this near to whole numbers are whole
FEASIBLE = 1e-6  # total miss, in mean cells, below which a table counts as possible
LARGEST = 2.0**62  # whole numbers of 64 bits end beyond
DENOMINATOR = 10_000  # of weights that are no whole numbers

Groups: TypeAlias = Sequence[Sequence[Block]]  # the blocks of each use of a rule
Exact: TypeAlias = NDArray[Any]  # whole numbers (int64), or fractions (object)


def by_use(blocks: Sequence[Block]) -> list[list[Block]]:
    """Hard blocks by the use of a rule they come from, in the order of the scenario."""
    uses: list[RuleUse] = []
    for block in blocks:
        if block.use.hard and block.use not in uses:
            uses.append(block.use)
    return [[b for b in blocks if b.use == use] for use in uses]


@dataclass(frozen=True, eq=False)
class Part:
    """Weights of some limits of one block: use and block number, rows (numbers of its sub-totals, sorted), weights."""

    use: int
    block: int
    rows: Ints
    weight: Exact

    def find(self, groups: Groups) -> tuple[Block, Ints] | None:
        """The block and the positions of the rows in it; None when it has no such rows (any more)."""
        if self.use >= len(groups) or self.block >= len(groups[self.use]):
            return None
        block = groups[self.use][self.block]
        at = np.searchsorted(block.keep, self.rows)
        there = at.max(initial=-1) < block.size and np.array_equal(block.keep[at], self.rows)
        return (block, at) if there else None

    def limits(self, block: Block, at: Ints) -> Floats:
        """The limits weighed, in units."""
        return np.where(self.weight > 0, block.lower[at], block.upper[at])


@dataclass(frozen=True, eq=False)
class Proof:
    """Weights that rule a table out."""

    parts: tuple[Part, ...]

    def gap(self, problem: Problem, groups: Groups) -> Fraction | None:
        """What is asked beyond what is possible, exactly: positive when no table can keep these limits of `groups`.

        None when the weights prove nothing there.
        """
        total, cells = Fraction(0), np.zeros((1, 1, 1), dtype=np.int64)
        room: Floats | None = None
        for part in self.parts:
            found = part.find(groups)
            if found is None or not np.isfinite(limits := part.limits(*found)).all():
                return None
            block, at = found
            total += _weighed(limits, part.weight)
            cells = cells + cells_of(block, at, part.weight)
            if block.expression.plain:
                upper = np.full(block.expression.grouping.size, np.inf)
                upper[part.rows] = block.upper[at]
                over = block.expression.grouping.expand(upper)
                room = over if room is None else np.minimum(room, over)
        left = np.broadcast_to(cells, problem.index.shape)
        beyond = problem.eligible & (left > 0)
        return total if not beyond.any() else _without(total, left[beyond], room, beyond)


def _weighed(limits: Floats, weight: Exact) -> Fraction:
    """Sum of limits by weight, exactly: in whole numbers where they are and fit, else in fractions."""
    if (
        weight.dtype != object
        and (limits == np.rint(limits)).all()
        and float(np.abs(limits) @ np.abs(weight)) < LARGEST
    ):
        return Fraction(int(limits.astype(np.int64) @ weight))
    return sum((Fraction(v) * Fraction(w) for v, w in zip(limits.tolist(), weight.tolist(), strict=True)), Fraction(0))


def _without(total: Fraction, beyond: Exact, room: Floats | None, where: NDArray[np.bool_]) -> Fraction | None:
    """Rounding of fractional weights may leave cells a trace of weight: take off the most it can be worth."""
    if beyond.dtype != object or room is None:
        return None
    most = np.broadcast_to(room, where.shape)[where]
    if not np.isfinite(most).all():
        return None
    return total - sum((w * Fraction(m) for w, m in zip(beyond, most.tolist(), strict=True)), Fraction(0))


def cells_of(block: Block, at: Ints, weight: Exact) -> Exact:
    """Weight of each cell (broadcastable to R × P × T) in the weighted sum of rows."""
    out: Exact = np.zeros((1, 1, 1), dtype=np.int64)
    for term in block.expression.terms:
        rows = block.keep[at]
        factor: Exact = weight
        if not block.expression.plain:
            factor = np.array(
                [w * Fraction(f) for w, f in zip(weight.tolist(), term.weight[rows].tolist(), strict=True)],
                dtype=object,
            )
        sums: Exact = np.zeros(term.grouping.size, dtype=factor.dtype)
        np.add.at(sums, term.take[rows], factor)
        out = out + term.grouping.expand(sums)
    return out


@dataclass(frozen=True, eq=False)
class Verdict:
    """Whether a table exists: ``yes``, ``no`` (with a proof where one could be verified), or the solver's trouble."""

    answer: Literal["yes", "no", "unknown"]
    proof: Proof | None = None


def judge(problem: Problem, groups: Groups, solve: Solve) -> Verdict:
    """Ask one linear program whether the limits can be kept together; a proof when they cannot.

    It minimises the sum of violations. The dual values of the rules' rows are the weights.
    """
    blocks = [b for group in groups for b in group]
    if not blocks:
        return Verdict("yes")
    program = build(problem, [], also=blocks)
    rules = sp.csr_array(sp.vstack([rows_of(program, b) for b in blocks]))
    lower, upper = (np.concatenate([getattr(b, side) for b in blocks]) for side in ("lower", "upper"))
    found = solve(
        _elastic(program, rules, lower / program.scale, upper / program.scale).minimise(_cost(program, lower.size))
    )
    if found.status != "optimal":
        return Verdict("unknown")
    links = program.matrix.shape[0]
    duals = found.duals()[0]
    proof = _largest(problem, groups, program, rules, duals[:links], duals[links:])
    if proof is not None:
        return Verdict("no", proof)
    return Verdict("yes" if found.objective <= FEASIBLE else "no")


def _elastic(program: Program, rules: sp.csr_array, lower: Floats, upper: Floats) -> Program:
    """The rules' rows with one column each for what is missing and for what is too much."""
    n = lower.size
    wide = program.extend(sp.csr_array((program.matrix.shape[0], 2 * n)), np.zeros(2 * n), np.full(2 * n, np.inf))
    one = sp.eye_array(n, format="csr")
    return wide.require(sp.csr_array(sp.hstack([rules, one, -one])), lower, upper)


def _cost(program: Program, n: int) -> Floats:
    return np.concatenate([np.zeros(program.matrix.shape[1]), np.ones(2 * n)])


def _largest(
    problem: Problem, groups: Groups, program: Program, rules: sp.csr_array, links: Floats, weight: Floats
) -> Proof | None:
    """The connected part of the weights that proves the largest gap; None when none proves any."""
    weight = np.where(np.abs(weight) < NOTHING, 0.0, weight)
    labels = _connect(program, rules, links, weight)
    best, widest = None, Fraction(0)
    for label in np.unique(labels[weight != 0]):
        mine = np.where(labels == label, weight, 0.0)
        for exact in _exact(mine):
            proof = _split(groups, exact)
            gap = proof.gap(problem, groups)
            if gap is not None and gap > 0:
                size = gap / Fraction(np.abs(exact).max())
                best, widest = (proof, size) if size > widest else (best, widest)
                break
    return best


def _connect(program: Program, rules: sp.csr_array, links: Floats, weight: Floats) -> Ints:
    """Connected part of each rule row, through shared columns and the links that carry weight."""
    used = np.flatnonzero(np.abs(links) > NOTHING)
    matrix = sp.csr_array(
        sp.vstack([sp.csr_array(sp.diags_array((weight != 0).astype(float)) @ rules), program.matrix[used]])
    )
    matrix.eliminate_zeros()
    rows, columns = matrix.shape
    entries = matrix.tocoo()
    graph = sp.coo_array((np.ones(entries.nnz), (entries.row, rows + entries.col)), shape=(rows + columns,) * 2)
    return np.asarray(connected_components(graph, directed=False)[1][: weight.size], dtype=np.int64)


def _exact(weight: Floats) -> list[Exact]:
    """The weights as whole numbers when they are, else as fractions: simple ones first, then as they stand."""
    scaled = weight / np.abs(weight[weight != 0]).min()
    whole = np.rint(scaled)
    if np.abs(scaled - whole).max() < WHOLE * max(1.0, np.abs(whole).max()):
        return [whole.astype(np.int64)]
    fractions = [Fraction(w) for w in scaled.tolist()]
    simple = [f.limit_denominator(DENOMINATOR) for f in fractions]
    return [np.array(simple, dtype=object), np.array(fractions, dtype=object)]


def _split(groups: Groups, weight: Exact) -> Proof:
    """Weights of all rows, in order, as parts by block."""
    parts, first = [], 0
    for use, group in enumerate(groups):
        for number, block in enumerate(group):
            mine = weight[first : first + block.size]
            at = np.flatnonzero(mine != 0)
            if at.size:
                parts.append(Part(use, number, block.keep[at], mine[at]))
            first += block.size
    return Proof(tuple(parts))


def narrow(problem: Problem, groups: Groups, proof: Proof, solve: Solve) -> Proof:
    """Leave out limits, one kind (a block's lower or upper ones) after the other, while the rest still clash.

    The finest go first, so that the coarsest limits tell the story. Of a kind that is needed, all limits that add to
    the gap stay: leaving out a few would only hide how much is missing.
    """
    kinds = sorted(_kinds(proof), key=lambda kind: -groups[kind[0]][kind[1]].expression.grouping.size)
    for kind in kinds:
        if kind in _kinds(proof) and len(_kinds(proof)) > 1:
            proof = judge(problem, only(groups, proof, kind), solve).proof or proof
    return proof


def _kinds(proof: Proof) -> list[tuple[int, int, int]]:
    """Use, block and side (1 lower, -1 upper) of the limits in a proof."""
    return [(p.use, p.block, sign) for p in proof.parts for sign in (1, -1) if (p.weight * sign > 0).any()]


def only(groups: Groups, proof: Proof, without: tuple[int, int, int] = (-1, -1, 0)) -> list[list[Block]]:
    """The statement with no limits but those of the proof, less one kind; blocks keep their place."""
    none, free = np.zeros(0, dtype=np.int64), np.zeros(0)
    out = [[replace(b, keep=none, lower=free, upper=free) for b in group] for group in groups]
    for part in proof.parts:
        if (found := part.find(groups)) is None:
            raise ValueError("a proof of other limits")
        block, at = found
        low, high = ((part.weight * sign > 0) & ((part.use, part.block, sign) != without) for sign in (1, -1))
        lower, upper = np.where(low, block.lower[at], -np.inf), np.where(high, block.upper[at], np.inf)
        kept = low | high
        out[part.use][part.block] = replace(block, keep=part.rows[kept], lower=lower[kept], upper=upper[kept])
    return out
