"""Whole units that keep every total (controlled rounding).

Top-down: totals of reps, then their products and months, then cells, each to the unit below or above. With totals
in two nested families a rounding always exists (Budish, Che, Kojima & Milgrom 2013; Cox 1987) and the relaxed
program is whole by itself; three crossing families may have none, so the program asks for whole numbers outright.
Inside one family it is the largest remainder. Ties go by sorted label. HiGHS does this whatever solver was asked
for: rounding is part of quotaopt, not of the comparison.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.linear import LinearProgram
from quotaopt.optimize.solvers import solve
from quotaopt.problem import Bools, Floats, Ints

NOISE = 1e-5  # fractions nearer to a whole number than this are numerical noise of the spread


def split(values: Floats) -> tuple[Ints, Floats]:
    """Whole part and remainder; a remainder that is only noise counts as none."""
    near = np.rint(values)
    floor = np.where(np.abs(values - near) <= NOISE, near, np.floor(values))
    fraction = np.clip(np.round(values - floor, 6), 0.0, 1.0)
    return floor.astype(np.int64), np.where(np.abs(values - near) <= NOISE, 0.0, fraction)


def largest_remainder(values: Floats, totals: Ints) -> Ints:
    """Round each row of `values` (n × k) to whole numbers with the given row sums (Hamilton's method).

    Cells of value 0 stay 0. Ties go to the first column.
    """
    floor, fraction = split(values)
    missing = totals - floor.sum(axis=1)
    key = np.where(values > 0, -fraction, np.inf)
    rank = np.argsort(np.argsort(key, axis=1, kind="stable"), axis=1, kind="stable")
    able = (values > 0).sum(axis=1, keepdims=True)
    each, rest = np.divmod(missing[:, None], np.maximum(able, 1))
    return np.asarray(floor + np.where(values > 0, each + (rank < rest), 0), dtype=np.int64)


def round_within(
    values: Floats, rows: sp.csr_array, lower: Floats, upper: Floats, seconds: float = 30.0
) -> Ints | None:
    """Round each value down or up so that ``lower <= rows @ result <= upper``; None when that cannot be.

    Minimises the sum of distances from `values`; ties go to the first. Values that are whole stay.
    """
    floor, fraction = split(values)
    move = np.flatnonzero(fraction)
    base = rows @ floor
    matrix = sp.csr_array(rows[:, move])
    n, count = move.size, np.diff(matrix.indptr)
    if ((base < lower) | (base > upper))[count == 0].any():
        return None
    if not n:
        return floor
    down, up = np.zeros(n), np.ones(n)
    alone = np.flatnonzero(count == 1)  # a limit of one value is a bound
    alone = alone[matrix.data[matrix.indptr[alone]] == 1.0]
    one = matrix.indices[matrix.indptr[alone]]
    np.maximum.at(down, one, (lower - base)[alone])
    np.minimum.at(up, one, (upper - base)[alone])
    count[alone] = 0
    used = np.flatnonzero(count)
    # In millionths, the digits a remainder has; equal ones go to the earlier label, by less than a millionth.
    lp = LinearProgram(
        1e6 * (1.0 - 2.0 * fraction[move]) + np.arange(n) / n,
        sp.csr_array(matrix[used]),
        (lower - base)[used],
        (upper - base)[used],
        down,
        up,
    )
    # Whole by itself where the totals are nested. Simplex begins next to the optimum: presolve would take longer.
    found = solve(lp, "highs", seconds=seconds, duals=False, presolve=False)
    if found.x is not None and np.abs(found.x - np.rint(found.x)).max() > NOISE:
        found = solve(replace(lp, integer=np.ones(n, dtype=bool)), "highs", seconds=seconds, duals=False)
    if found.x is None:
        return None
    floor[move] += np.rint(found.x).astype(np.int64)
    return floor


def fill_tables(values: Floats, by_product: Ints, by_month: Ints, may: Bools) -> Ints:
    """Round every rep's product × month table to given row and column sums, all reps at once.

    Parameters
    ----------
    values : R × P × T with row sums `by_product` (R × P) and column sums `by_month` (R × T), up to noise.
    may : cells that may be rounded up, R × P × T.

    Months are filled in order: each gives its units to the products that need them most urgently (fewest months
    left), the greedy proof of Gale and Ryser. Tables where the greedy choice gets stuck are solved as programs.
    """
    floor, fraction = split(values)
    up = may & (fraction > 0)
    out = floor.copy()
    need = by_product - floor.sum(axis=2)
    give = by_month - floor.sum(axis=1)
    left = up.sum(axis=2)
    for t in range(values.shape[2]):
        urgency = np.where(up[:, :, t] & (need > 0), need - left * 1.0 + fraction[:, :, t] * 0.5, -np.inf)
        rank = np.argsort(np.argsort(-urgency, axis=1, kind="stable"), axis=1, kind="stable")
        take = (rank < give[:, t, None]) & np.isfinite(urgency)
        out[:, :, t] += take
        need = need - take
        left = left - up[:, :, t]
    stuck = (out.sum(axis=2) != by_product).any(axis=1) | (out.sum(axis=1) != by_month).any(axis=1)
    for rep in np.flatnonzero(stuck):
        out[rep] = _one_table(values[rep], by_product[rep], by_month[rep], may[rep])
    return out


def _one_table(values: Floats, rows: Ints, columns: Ints, may: Bools) -> Ints:
    """Nearest whole table with these sums: a transportation program over steps from the rounded-down table."""
    floor, _ = split(values)
    n_rows, n_columns = values.shape
    cell = np.arange(values.size)
    matrix = sp.csr_array(
        (np.ones(2 * cell.size), (np.concatenate([cell // n_columns, n_rows + cell % n_columns]), np.tile(cell, 2))),
        shape=(n_rows + n_columns, cell.size),
    )
    short = np.concatenate([rows - floor.sum(axis=1), columns - floor.sum(axis=0)]).astype(np.float64)
    # First step up to the next whole number at its own price; steps down or further up only where nothing else fits.
    first = sp.hstack([matrix, matrix, -matrix])
    gain = 1.0 - 2.0 * (values - floor).reshape(-1)
    cost = np.concatenate([gain, np.full(cell.size, 10.0), np.full(cell.size, 10.0)])
    upper = np.concatenate([may.reshape(-1) * 1.0, may.reshape(-1) * 2.0, np.where(may, floor, 0).reshape(-1)])
    program = LinearProgram(cost, sp.csr_array(first), short, short, np.zeros(cost.size), upper)
    found = solve(program, "highs", duals=False)
    if found.x is None:
        return floor
    up, more, down = np.rint(found.x).astype(np.int64).reshape(3, n_rows, n_columns)
    return np.asarray(floor + up + more - down, dtype=np.int64)
