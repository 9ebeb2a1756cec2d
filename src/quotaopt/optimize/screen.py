"""Arithmetic alone: a limit that the limits of its own parts rule out. No solver is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from quotaopt.optimize.bounds import CELLS, LINK, MONTHS, PRODUCTS, REPS, Bounds, kind_of, own_bounds
from quotaopt.optimize.build import build
from quotaopt.optimize.program import Layout
from quotaopt.optimize.proof import Groups, Part, Proof
from quotaopt.optimize.statement import Block
from quotaopt.problem import Floats, Ints, Problem

Kind = tuple[bool, bool]
Row = tuple[int, int]  # block (counted through all), sub-total of its grouping

PARTS: dict[Kind, tuple[Kind, ...]] = {REPS: (PRODUCTS, MONTHS), PRODUCTS: (CELLS,), MONTHS: (CELLS,), CELLS: ()}


@dataclass(frozen=True)
class Suspicion:
    """Limits that seem to clash: those that weigh +1 (lower ones) and those that weigh -1 (upper ones)."""

    size: int
    short: float
    lower: Sequence[Row]
    upper: Sequence[Row]


def screen(problem: Problem, groups: Groups) -> Proof | None:
    """The first limit, coarsest first, that the limits of its own parts rule out; None when there is none."""
    blocks = [b for group in groups for b in group]
    places = [(use, number) for use, group in enumerate(groups) for number in range(len(group))]
    found = [*_nested(blocks), *Parts(problem, blocks).suspect()]
    for suspicion in sorted(found, key=lambda s: (s.size, -s.short)):
        proof = _proof(places, suspicion)
        gap = proof.gap(problem, groups)
        if gap is not None and gap > 0:
            return proof
    return None


def _proof(places: Sequence[tuple[int, int]], suspicion: Suspicion) -> Proof:
    rows: dict[int, list[tuple[int, int]]] = {}
    for weight, side in ((1, suspicion.lower), (-1, suspicion.upper)):
        for block, row in dict.fromkeys(side):
            rows.setdefault(block, []).append((row, weight))
    parts = []
    for block, pairs in sorted(rows.items()):
        numbers, weights = np.array(sorted(pairs), dtype=np.int64).T
        parts.append(Part(*places[block], numbers, weights))
    return Proof(tuple(parts))


def _nested(blocks: Sequence[Block]) -> Iterator[Suspicion]:
    """Limits of one total against the sum of limits of the totals inside it."""
    for o, outer in enumerate(blocks):
        for i, inner in enumerate(blocks):
            if inner is outer or not (inner.expression.plain and outer.expression.plain):
                continue
            try:
                parent = inner.expression.grouping.within(outer.expression.grouping)
            except ValueError:
                continue
            size = outer.expression.grouping.size
            low, high = np.zeros(parent.size), np.full(parent.size, np.inf)
            low[inner.keep], high[inner.keep] = np.maximum(inner.lower, 0.0), inner.upper
            least, most = (np.bincount(parent, v, size)[outer.keep] for v in (low, high))
            for k in np.flatnonzero(outer.lower > most).tolist():
                mine = np.flatnonzero(parent == outer.keep[k]).tolist()
                yield Suspicion(size, outer.lower[k] - most[k], [(o, int(outer.keep[k]))], [(i, row) for row in mine])
            for k in np.flatnonzero(outer.upper < least).tolist():
                mine = np.flatnonzero((parent == outer.keep[k]) & (low > 0)).tolist()
                yield Suspicion(size, least[k] - outer.upper[k], [(i, row) for row in mine], [(o, int(outer.keep[k]))])


class Parts:
    """Own bounds of all totals of single reps, which combine the limits of all rules, and the limits behind each."""

    def __init__(self, problem: Problem, blocks: Sequence[Block]) -> None:
        self.problem, self.blocks = problem, blocks
        self.bounds = own_bounds(problem, blocks)
        self.stated: dict[Kind, list[tuple[int, Block]]] = {}
        for number, block in enumerate(blocks):
            kind = kind_of(block.expression.grouping)
            if block.expression.plain and kind is not None:
                self.stated.setdefault(kind, []).append((number, block))

    def suspect(self) -> Iterator[Suspicion]:
        """Own totals whose bounds cross, and plain sub-totals over many reps against the bounds of their columns."""
        for kind, own in self.bounds.items():
            for k in np.flatnonzero(own.lower > own.upper).tolist():
                yield Suspicion(
                    own.lower.size, own.lower[k] - own.upper[k],
                    self.behind(kind, k, upper=False), self.behind(kind, k, upper=True),
                )  # fmt: skip
        program = build(self.problem, self.blocks)
        lower, upper = program.lower * program.scale, program.upper * program.scale
        first = np.cumsum([0, *(b.size for b in self.blocks)])
        for row in np.flatnonzero(program.row_origin != LINK):
            number = int(np.searchsorted(first, program.row_origin[row], side="right")) - 1
            block = self.blocks[number]
            if not block.expression.plain:
                continue
            k = int(program.row_origin[row] - first[number])
            span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
            columns = program.matrix.indices[span].astype(np.int64)
            yield from self._against(program.layout, number, k, columns, lower[columns], upper[columns])

    def _against(
        self, layout: Layout, number: int, k: int, columns: Ints, lower: Floats, upper: Floats
    ) -> Iterator[Suspicion]:
        block, limit = self.blocks[number], [(number, int(self.blocks[number].keep[k]))]
        size = block.expression.grouping.size
        if block.lower[k] > upper.sum() + 0.5:
            yield Suspicion(size, block.lower[k] - upper.sum(), limit, self._all(layout, columns, upper=True))
        if block.upper[k] < lower.sum() - 0.5:
            yield Suspicion(size, lower.sum() - block.upper[k], self._all(layout, columns, upper=False), limit)

    def _all(self, layout: Layout, columns: Ints, upper: bool) -> list[Row]:
        return [row for column in columns.tolist() for row in self.behind(*_total(layout, column), upper=upper)]

    def behind(self, kind: Kind, k: int, upper: bool) -> list[Row]:
        """The limits that make up the bound of one total: its own, or those of its parts; none for no bound."""
        if kind not in self.bounds:
            return []
        value = _side(self.bounds[kind], upper)[k]
        if not np.isfinite(value) or (value <= 0 and not (upper and self._eligible(kind, k))):
            return []
        for number, block in self.stated.get(kind, ()):
            at = int(np.searchsorted(block.keep, k))
            limits = block.upper if upper else block.lower
            if at < block.size and block.keep[at] == k and limits[at] == value:
                return [(number, k)]
        for part in PARTS[kind]:
            inside = self._inside(kind, part, k)
            if part in self.bounds and _side(self.bounds[part], upper)[inside].sum() == value:
                return [row for one in inside.tolist() for row in self.behind(part, one, upper)]
        return []

    def _eligible(self, kind: Kind, k: int) -> bool:
        """Whether a quota may stand in this total."""
        axes = tuple(axis for axis, used in ((1, kind[0]), (2, kind[1])) if not used)
        return bool(self.problem.eligible.any(axis=axes).reshape(-1)[k])

    def _inside(self, kind: Kind, part: Kind, k: int) -> Ints:
        """Numbers of the parts of one total."""
        _, n_products, n_months = self.problem.index.shape
        if kind == REPS:
            n = n_products if part == PRODUCTS else n_months
            return k * n + np.arange(n)
        if kind == PRODUCTS:
            return k * n_months + np.arange(n_months)
        rep, month = divmod(k, n_months)
        return (rep * n_products + np.arange(n_products)) * n_months + month


def _side(bounds: Bounds, upper: bool) -> Floats:
    return bounds.upper if upper else bounds.lower


def _total(layout: Layout, column: int) -> tuple[Kind, int]:
    """Which own total a column of a program stands for."""
    if column < layout.x:
        return REPS, column
    if column < layout.y:
        return PRODUCTS, column - layout.x
    if column < layout.z:
        return MONTHS, column - layout.y
    pair, month = divmod(column - layout.z, layout.shape[2])
    return CELLS, int(layout.pairs[pair]) * layout.shape[2] + month
