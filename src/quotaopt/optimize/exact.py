"""The value of a linear program from its structure: which rows and bounds hold, not a solver's digits.

By duality the optimum is ``sum(dual * limit)`` over the rows and bounds that hold it. A solver's dual values tell
which those are. In programs that share totals out, the scaled duals are whole numbers, so rounding them gives the
value exactly; otherwise they are solved for again on their support.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quotaopt.optimize.cuts import SUPPORT, WHOLE, refine
from quotaopt.optimize.linear import Floats, LinearProgram, Solution

AGREE = 1e-5  # how far value and solver may differ before the support is not believed


@dataclass(frozen=True, eq=False)
class Proof:
    """Cleaned dual values and the objective they prove; `exact` is False when the solver's own value was kept."""

    objective: float
    row_dual: Floats
    column_dual: Floats
    exact: bool


def certify(lp: LinearProgram, found: Solution) -> Proof:
    """Recompute the optimum of `lp` from the support of the solver's dual values.

    `lp` minimises a single column (cost 1 there, 0 elsewhere), so the duals may be scaled freely: the column's own
    equation gives the scale back.
    """
    row_dual, column_dual = found.duals()
    largest = np.abs(row_dual).max(initial=0.0)
    if largest == 0.0:  # a bound of the column alone holds it
        return Proof(found.objective, row_dual, column_dual, bool(np.isfinite(found.objective)))
    scaled = row_dual / largest
    scaled[np.abs(scaled) < SUPPORT] = 0.0
    whole = np.rint(scaled)
    basic = (np.abs(column_dual / largest) < SUPPORT) & (lp.cost == 0)
    rows = whole if np.abs(scaled - whole).max() < WHOLE else refine(lp, scaled, basic)[0]
    return _value(lp, rows, found)


def _value(lp: LinearProgram, rows: Floats, found: Solution) -> Proof:
    """Objective and column duals that follow from scaled row duals."""
    aim = int(np.argmax(lp.cost))
    columns = -(lp.matrix.T @ rows)
    scale = -columns[aim]
    columns[aim] = 0.0
    columns[np.abs(columns) < SUPPORT] = 0.0
    limits = np.where(rows > 0, lp.row_lower, lp.row_upper)[rows != 0]
    bounds = np.where(columns > 0, lp.lower, lp.upper)[columns != 0]
    value = (rows[rows != 0] @ limits + columns[columns != 0] @ bounds) / scale if scale > 0 else np.nan
    if not abs(value - found.objective) <= AGREE * (1 + abs(found.objective)):
        return Proof(found.objective, *found.duals(), exact=False)
    return Proof(float(value), rows / scale, columns / scale, True)
