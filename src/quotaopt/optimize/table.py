"""From the fair totals of reps to a whole-unit table: round, spread, round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from quotaopt.columns import MONTH, PRODUCT, REP
from quotaopt.optimize.build import build
from quotaopt.optimize.face import find_face
from quotaopt.optimize.families import CELL, families, squeeze, weighings
from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.rounding import fill_tables, largest_remainder, round_within, split
from quotaopt.optimize.solvers import solve
from quotaopt.optimize.spread import Family, Spread, Weighing, spread
from quotaopt.optimize.statement import Block
from quotaopt.problem import Bools, Floats, Grouping, Ints, Problem

QUICK = 300  # passes of the plain spread before the always-active rows are looked for


@dataclass(frozen=True, eq=False)
class Table:
    """Quotas in whole units (R × P × T) and how the spread went."""

    quota: Ints
    passes: int
    miss: float
    frozen: bool


def whole_reps(problem: Problem, blocks: Sequence[Block], values: Floats, shared: Sequence[Ints]) -> Ints | None:
    """Totals of reps in whole units: every exact total of reps is kept, and the sum of each set of reps in `shared`."""
    rows, lower, upper = [], [], []
    for block in blocks:
        if block.expression.plain and block.expression.grouping.used == (True, False, False):
            rows.append(_sums(block.expression.grouping, (True, False, False))[block.keep])
        elif block.expression.plain and not any(block.expression.grouping.used):
            rows.append(sp.csr_array(np.ones((1, values.size))))
        else:
            continue
        lower.append(block.lower)
        upper.append(block.upper)
    together = [members for members in shared if members.size]
    for members in together:
        rows.append(
            sp.csr_array((np.ones(members.size), (np.zeros(members.size, dtype=int), members)), (1, values.size))
        )
        total = values[members].sum()
        lower.append(np.array([np.floor(total + 1e-4)]))
        upper.append(np.array([np.ceil(total - 1e-4)]))
    for used in (len(rows), len(rows) - len(together)):  # the second time without the level blocks
        if not used:
            break
        found = round_within(
            values, sp.csr_array(sp.vstack(rows[:used])), np.concatenate(lower[:used]), np.concatenate(upper[:used])
        )
        if found is not None:
            return found
    return np.rint(values).astype(np.int64) if not rows else None


def whole_program(problem: Problem, blocks: Sequence[Block], values: Floats) -> Ints | None:
    """Totals of reps in whole units for which a table exists, when rounding them alone left none."""
    program = build(problem, blocks)
    floor, fraction = split(values)
    width = np.where(fraction > 0, 1.0, 0.0)
    n = program.matrix.shape[1]
    # Amounts in units here (scale 1): whole numbers must stay whole.
    lower, upper = program.lower * program.scale, program.upper * program.scale
    lower[program.reps], upper[program.reps] = floor, floor + width
    cost = np.zeros(n)
    cost[program.reps] = 1.0 - 2.0 * fraction
    integer = np.zeros(n, dtype=bool)
    integer[program.reps] = True
    lp = LinearProgram(
        cost,
        program.matrix,
        program.row_lower * program.scale,
        program.row_upper * program.scale,
        lower,
        upper,
        integer,
    )
    found = solve(lp, "highs", duals=False)
    return None if found.x is None else np.rint(found.x[program.reps]).astype(np.int64)


def spread_totals(
    problem: Problem, blocks: Sequence[Block], rep_totals: Ints
) -> tuple[Spread, list[Family], bool] | None:
    """The canonical table with these totals of reps; None when none exists.

    The plain spread comes first; when it does not settle, always-active rows are frozen and it starts again.
    """
    intervals = squeeze(problem, families(problem, blocks, rep_totals), rep_totals)
    weighed = weighings(problem, blocks, rep_totals)
    found = spread(problem.reference.values, intervals, QUICK * (10 if weighed else 1), weighed)
    if found.settled and found.miss < 1e-3:
        return found, intervals, False
    face = find_face(problem, intervals, rep_totals)
    if face is None:
        return None
    reference = np.where(face.open, problem.reference.values, 0.0)
    return spread(reference, face.intervals, 20 * QUICK, weighed), intervals, True


Clock: TypeAlias = Callable[[str], AbstractContextManager[None]]


def make_table(
    problem: Problem,
    blocks: Sequence[Block],
    values: Floats,
    shared: Sequence[Ints],
    clock: Clock = lambda _: nullcontext(),
) -> Table | None:
    """The whole-unit table of a plan, or None when no whole-unit table keeps every total.

    Parameters
    ----------
    values : fair totals of reps, in units.
    shared : sets of reps whose sums are to be kept when rounding.
    clock : ``clock("spread")`` and ``clock("round")`` time the phases.
    """
    found = None
    for alone in (True, False):
        with clock("round"):
            totals = whole_reps(problem, blocks, values, shared) if alone else whole_program(problem, blocks, values)
        if totals is None:
            continue
        with clock("spread"):
            found = spread_totals(problem, blocks, totals)
        if found is not None:
            break
    if found is None or totals is None:
        return None
    table, intervals, frozen = found
    with clock("round"):
        quota = _whole_table(problem, table.quota, intervals, weighings(problem, blocks, totals), totals)
    return None if quota is None else Table(quota, table.passes, table.miss, frozen)


def _whole_table(
    problem: Problem, quota: Floats, intervals: Sequence[Family], weighed: Sequence[Weighing], totals: Ints
) -> Ints | None:
    """Round cells so that the totals of reps and every interval hold."""
    crossing = [f for f in intervals if f.grouping.used[1:] == (True, True) and f.grouping.by != CELL]
    if not all(f.grouping.own[0] for f in crossing):
        everything = (True, True, True)
        rows = sp.vstack([_sums(f.grouping, everything) for f in intervals])
        lower, upper = (np.concatenate([getattr(f, side) for f in intervals]) for side in ("lower", "upper"))
        cells = round_within(quota.reshape(-1), sp.csr_array(rows), lower, upper)
        return None if cells is None else cells.reshape(quota.shape)
    by_product = _margin(quota.sum(axis=2), intervals, weighed, totals, axis=1)
    by_month = _margin(quota.sum(axis=1), intervals, weighed, totals, axis=2)
    if by_product is None or by_month is None:
        return None
    cell = [f for f in intervals if f.grouping.by == CELL]
    exact = [
        Family(problem.group(REP, PRODUCT), *(2 * [by_product.reshape(-1).astype(np.float64)])),
        Family(problem.group(REP, MONTH), *(2 * [by_month.reshape(-1).astype(np.float64)])),
    ]
    near = spread(quota, [*exact, *cell], passes=QUICK).quota
    return fill_tables(near, by_product, by_month, _may_rise(quota, near, cell))


def _may_rise(quota: Floats, near: Floats, cell: Sequence[Family]) -> Bools:
    """Cells that may be rounded up: those in use, below their own limit."""
    may = quota > 0
    for family in cell:
        may &= (split(near)[0] + 1 <= family.upper.reshape(quota.shape)) & (family.lower < family.upper).reshape(
            quota.shape
        )
    return may


def _margin(
    margin: Floats, intervals: Sequence[Family], weighed: Sequence[Weighing], totals: Ints, axis: int
) -> Ints | None:
    """Whole-unit products (axis 1) or months (axis 2) of every rep."""
    weighed = [w for w in weighed if w.terms[0].grouping.used[axis] and not w.terms[0].grouping.used[3 - axis]]
    sides = (True, axis == 1, axis == 2)
    mine = [f for f in intervals if f.grouping.used[axis] and not f.grouping.used[3 - axis]]
    if not weighed and all(f.grouping.own[0] and f.grouping.own[axis] for f in mine):
        # Only limits of single rep × product (or month) totals: rounding inside each rep keeps them, because
        # they are whole numbers.
        return largest_remainder(margin, totals)
    rows = [
        sp.csr_array(
            (np.ones(margin.size), (np.repeat(np.arange(totals.size), margin.shape[1]), np.arange(margin.size)))
        )
    ]
    rows += [_sums(f.grouping, sides) for f in mine]
    exact = totals.astype(np.float64)
    rows += [_weighed_rows(w, sides) for w in weighed]
    give = [sum((np.abs(t.weight) for t in w.terms), np.zeros(w.lower.size)) for w in weighed]
    lower = np.concatenate(
        [exact, *(f.lower for f in mine), *(w.lower - g for w, g in zip(weighed, give, strict=True))]
    )
    upper = np.concatenate(
        [exact, *(f.upper for f in mine), *(w.upper + g for w, g in zip(weighed, give, strict=True))]
    )
    found = round_within(margin.reshape(-1), sp.csr_array(sp.vstack(rows)), lower, upper)
    return None if found is None else found.reshape(margin.shape)


def _weighed_rows(weighing: Weighing, sides: tuple[bool, bool, bool]) -> sp.csr_array:
    """Matrix of rows that weigh several sub-totals."""
    parts = [sp.csr_array(sp.diags_array(t.weight) @ _sums(t.grouping, sides)[t.take]) for t in weighing.terms]
    return sp.csr_array(sum(parts[1:], parts[0]))


def _sums(grouping: Grouping, sides: tuple[bool, bool, bool]) -> sp.csr_array:
    """Matrix of a grouping's sub-totals over the flattened array of the given sides."""
    codes = [c for c, side in zip(grouping.codes, sides, strict=True) if side]
    shape = [n for n, side in zip(grouping.shape, sides, strict=True) if side]
    row = np.zeros([c.size for c in codes], dtype=np.int64)
    for k, (code, n) in enumerate(zip(codes, shape, strict=True)):
        row = row * n + code.reshape([-1 if j == k else 1 for j in range(len(codes))])
    row = row.reshape(-1)
    return sp.csr_array((np.ones(row.size), (row, np.arange(row.size))), shape=(grouping.size, row.size))
