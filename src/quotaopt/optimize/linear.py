"""The seam to the solvers: one linear program in, one solution out.

Every program minimises, so that a dual value always means d objective / d right-hand side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Status = Literal["optimal", "feasible", "approximate", "infeasible", "unbounded", "no_solution", "failed"]


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Minimise ``cost @ x`` over ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    Attributes
    ----------
    cost, lower, upper : shape (columns,); infinite bounds are ±inf.
    matrix : CSR, shape (rows, columns).
    row_lower, row_upper : shape (rows,); equal for an equation.
    integer : columns that must be whole, or None.
    """

    cost: Floats
    matrix: sp.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver says of a `LinearProgram`.

    Values exist only when `status` is ``optimal`` or ``feasible``: never read values of a failed solve.

    Attributes
    ----------
    x : shape (columns,), or None.
    row_dual, column_dual : shape (rows,), (columns,): d objective / d bound, so that
        ``cost == matrix.T @ row_dual + column_dual``; None when the solver gives none.
    objective : ``cost @ x``, or nan.
    detail : what the solver said, for people.
    """

    status: Status
    x: Floats | None = None
    row_dual: Floats | None = None
    column_dual: Floats | None = None
    objective: float = float("nan")
    seconds: float = 0.0
    detail: str = ""

    def duals(self) -> tuple[Floats, Floats]:
        """Dual values of rows and columns.

        Raises
        ------
        ValueError
            If the solution has none.
        """
        if self.row_dual is None or self.column_dual is None:
            raise ValueError(f"a solution that is {self.status} has no dual values")
        return self.row_dual, self.column_dual
