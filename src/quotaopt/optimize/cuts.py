"""Inequalities ``sum(weight * column) >= total`` that every table obeys, from rows and from dual values.

For any multipliers of the rows, weak duality gives a valid inequality: add up the rows with them and bound what is
left over by the bounds of the columns. The solver only says which rows to add; multipliers that are whole numbers
in all but noise are made whole, others are solved for again on their support.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from quotaopt.optimize.bounds import LINK
from quotaopt.optimize.linear import Floats, LinearProgram, Solution
from quotaopt.optimize.program import Program
from quotaopt.problem import Bools, Ints

SUPPORT = 1e-6  # a dual value below this is nothing
WHOLE = 1e-5  # a dual value this near to a whole number is that number


@dataclass(frozen=True, eq=False)
class Cut:
    """``weight @ values[columns] >= total``: numbers of the columns asked about, weights, total (scaled).

    `rows` maps the rule rows it is made of to their multipliers; `exact` tells whether these are free of a
    solver's digits.
    """

    columns: Ints
    weight: Floats
    total: float
    rows: Mapping[int, float]
    exact: bool = True


def stated_cuts(program: Program, columns: Ints) -> list[Cut]:
    """Rows that are such inequalities as they stand: a lower limit of a sum of some of the columns."""
    number = np.full(program.matrix.shape[1], -1)
    number[columns] = np.arange(columns.size)
    matrix = program.matrix
    cuts = []
    for row in np.flatnonzero(np.isfinite(program.row_lower) & (program.row_origin != LINK)):
        at = slice(matrix.indptr[row], matrix.indptr[row + 1])
        which, weight = number[matrix.indices[at]], matrix.data[at]
        if which.size and (which >= 0).all() and (weight > 0).all():
            order = np.argsort(which)
            origin = int(program.row_origin[row])
            cuts.append(Cut(which[order], weight[order], float(program.row_lower[row]), {origin: 1.0}))
    return cuts


def find_cuts(lp: LinearProgram, found: Solution, program: Program, columns: Ints) -> list[Cut]:
    """The inequalities that prove why the columns must exceed their values, one per connected part of the proof.

    Parameters
    ----------
    lp : minimises the sum of excesses: the program's rows first, then one row per column asked about
        (``column - excess <= value``); the program's columns first, then the excesses.
    found : its solution with dual values.
    """
    duals, exact = _clean(lp, found)
    n_rows = program.matrix.shape[0]
    rows, weight = duals[:n_rows], -duals[n_rows:]
    parts = _parts(program.matrix, rows, weight, columns)
    price = -(program.matrix.T @ rows)  # what a unit of each column is worth beyond the rows
    price[columns] += weight
    price[np.abs(price) < SUPPORT] = 0.0
    row_limit = np.where(rows > 0, program.row_lower, program.row_upper)
    bound = np.where(price > 0, program.lower, program.upper)
    cuts = []
    for part in range(int(parts.max(initial=-1)) + 1):
        mine = parts == part
        at_row, at_column = np.flatnonzero(mine[:n_rows] & (rows != 0)), np.flatnonzero(mine[n_rows:] & (price != 0))
        which = np.flatnonzero(mine[n_rows:][columns] & (weight > 0))
        total = float(rows[at_row] @ row_limit[at_row] + price[at_column] @ bound[at_column])
        if not which.size or not np.isfinite(total):
            continue
        origins = np.concatenate([program.row_origin[at_row], _bound_origin(program, price, at_column)])
        prices = np.concatenate([rows[at_row], price[at_column]])
        held: dict[int, float] = {}
        for origin, one in zip(origins.tolist(), prices.tolist(), strict=True):
            if origin != LINK:
                held[origin] = held.get(origin, 0.0) + one
        cuts.append(Cut(which, weight[which], total, held, exact))
    return cuts


def _bound_origin(program: Program, price: Floats, columns: Ints) -> Ints:
    return np.where(price[columns] > 0, program.lower_origin[columns], program.upper_origin[columns])


def _parts(matrix: sp.csr_array, rows: Floats, weight: Floats, columns: Ints) -> Ints:
    """Connected part of each row, then of each column, of the proof; -1 for those without a part in it."""
    n_rows, n_columns = matrix.shape
    used = np.flatnonzero(rows)
    entries = matrix[used].tocoo()
    asked = columns[weight > 0]
    a, b = used[entries.row], n_rows + entries.col
    graph = sp.coo_array((np.ones(a.size), (a, b)), shape=(n_rows + n_columns,) * 2)
    label = connected_components(graph, directed=False)[1]
    inside = np.zeros(n_rows + n_columns, dtype=bool)
    inside[used], inside[b], inside[n_rows + asked] = True, True, True
    out = np.full(n_rows + n_columns, -1)
    out[inside] = np.unique(label[inside], return_inverse=True)[1]
    return out


def _clean(lp: LinearProgram, found: Solution) -> tuple[Floats, bool]:
    """Row duals without a solver's digits, and whether they are."""
    row_dual, column_dual = found.duals()
    rows = np.where(np.abs(row_dual) < SUPPORT, 0.0, row_dual)
    whole = np.rint(rows)
    if np.abs(rows - whole).max(initial=0.0) < WHOLE:
        return whole, True
    basic = np.abs(column_dual) < SUPPORT
    return refine(lp, rows, basic)


def refine(lp: LinearProgram, rows: Floats, basic: Bools) -> tuple[Floats, bool]:
    """Duals on their support that satisfy the equation of every `basic` column (one without a price of its own).

    The least-squares correction is repeated once: the second pass removes the rounding of the first.
    """
    support = np.flatnonzero(rows)
    columns = sp.csr_array(lp.matrix[support][:, np.flatnonzero(basic)].T)
    used = np.flatnonzero(np.diff(columns.indptr))
    equations, cost = columns[used].toarray(), lp.cost[basic][used]
    rows = rows.copy()
    for _ in range(2):
        rows[support] += np.linalg.lstsq(equations, cost - equations @ rows[support], rcond=None)[0]
    off = np.abs(cost - equations @ rows[support]).max(initial=0.0)
    return rows, bool(off < SUPPORT)
