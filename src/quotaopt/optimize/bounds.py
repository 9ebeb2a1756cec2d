"""Rows over a single column become bounds, and bounds of the parts become bounds of the whole.

Fewer rows make the solver faster, and a rep's own bounds are what water-filling works with.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.program import LINK, Program
from quotaopt.problem import Floats, Ints


def rows_to_bounds(program: Program) -> Program:
    """A rule row over one column with weight 1 is a bound of that column: smaller and faster."""
    matrix = program.matrix
    matrix.eliminate_zeros()
    single = (np.diff(matrix.indptr) == 1) & (program.row_origin != LINK)
    single[single] = matrix.data[matrix.indptr[:-1][single]] == 1.0
    rows = np.flatnonzero(single)
    columns = matrix.indices[matrix.indptr[rows]].astype(np.int64)
    lower, lower_origin = _strictest(program.lower, columns, program.row_lower[rows], program.row_origin[rows], 1.0)
    upper, upper_origin = _strictest(program.upper, columns, program.row_upper[rows], program.row_origin[rows], -1.0)
    rest = np.flatnonzero(~single)
    return replace(
        program,
        matrix=sp.csr_array(matrix[rest]),
        row_lower=program.row_lower[rest],
        row_upper=program.row_upper[rest],
        row_origin=program.row_origin[rest],
        lower=lower,
        upper=upper,
        lower_origin=lower_origin,
        upper_origin=upper_origin,
    )


def _strictest(bound: Floats, columns: Ints, values: Floats, origins: Ints, sign: float) -> tuple[Floats, Ints]:
    """The strictest bound of each column and the rule row it comes from (sign 1: highest; -1: lowest)."""
    out, origin = bound.copy(), np.full(bound.size, LINK)
    order = np.argsort(sign * values, kind="stable")  # the strictest is written last
    columns, values, origins = columns[order], values[order], origins[order]
    best, where = np.full(bound.size, -np.inf), np.full(bound.size, LINK)
    best[columns], where[columns] = sign * values, origins
    hit = best > sign * bound
    out[hit], origin[hit] = sign * best[hit], where[hit]
    return out, origin


def tighten(program: Program) -> Program:
    """Bounds of a rep total that follow from those of its months or products."""
    layout, n_reps = program.layout, program.layout.shape[0]
    lower, upper = program.lower.copy(), program.upper.copy()
    lower_origin, upper_origin = program.lower_origin.copy(), program.upper_origin.copy()
    for first, last in ((layout.x, layout.y), (layout.y, layout.z)):
        if last == first:
            continue
        low, high = (b[first:last].reshape(n_reps, -1) for b in (program.lower, program.upper))
        at = np.arange(n_reps)
        origins = program.lower_origin[first:last].reshape(n_reps, -1)[at, low.argmax(axis=1)]
        better = low.sum(axis=1) > lower[:n_reps]
        lower[:n_reps][better], lower_origin[:n_reps][better] = low.sum(axis=1)[better], origins[better]
        origins = program.upper_origin[first:last].reshape(n_reps, -1)[at, high.argmax(axis=1)]
        better = high.sum(axis=1) < upper[:n_reps]
        upper[:n_reps][better], upper_origin[:n_reps][better] = high.sum(axis=1)[better], origins[better]
    return replace(program, lower=lower, upper=upper, lower_origin=lower_origin, upper_origin=upper_origin)
