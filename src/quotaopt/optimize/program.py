"""A feasible region in the space of sub-totals, with where each of its rows and bounds comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.linear import LinearProgram
from quotaopt.problem import Bools, Floats, Ints

LINK = -1  # row or bound that belongs to the structure, not to a rule


@dataclass(frozen=True, eq=False)
class Layout:
    """Columns of the program: R totals Q, then R × P margins x, R × T margins y, pairs × T cells z (as needed)."""

    shape: tuple[int, int, int]
    eligible: Bools
    pairs: Ints  # flat rep × product numbers that have cells
    by_product: bool
    by_month: bool

    @property
    def x(self) -> int:
        """First column of x."""
        return self.shape[0]

    @property
    def y(self) -> int:
        """First column of y."""
        return self.x + (self.shape[0] * self.shape[1] if self.by_product else 0)

    @property
    def z(self) -> int:
        """First column of z."""
        return self.y + (self.shape[0] * self.shape[2] if self.by_month else 0)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.z + self.pairs.size * self.shape[2]


@dataclass(frozen=True, eq=False)
class Program:
    """A feasible region in quota space; amounts divided by `scale` (the mean quota of a cell).

    Attributes
    ----------
    matrix, row_lower, row_upper, lower, upper : as in `LinearProgram`.
    row_origin, lower_origin, upper_origin : number of the rule row (counted through all blocks) behind each
        row and bound; `LINK` where there is none.
    reps : columns of the rep totals, shape (R,).
    layout : where the columns are.
    """

    matrix: sp.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    row_origin: Ints
    lower_origin: Ints
    upper_origin: Ints
    reps: Ints
    scale: float
    layout: Layout

    def minimise(self, cost: Floats) -> LinearProgram:
        """The linear program with this cost."""
        return LinearProgram(cost, self.matrix, self.row_lower, self.row_upper, self.lower, self.upper)

    def fix(self, columns: Ints, values: Floats) -> Program:
        """The same region with some columns held at given values."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[columns] = upper[columns] = values
        return replace(self, lower=lower, upper=upper)

    def extend(self, columns: sp.csr_array, lower: Floats, upper: Floats) -> Program:
        """The same region with further columns (one matrix column each)."""
        free = np.full(lower.size, LINK)
        return replace(
            self,
            matrix=sp.csr_array(sp.hstack([self.matrix, columns])),
            lower=np.concatenate([self.lower, lower]),
            upper=np.concatenate([self.upper, upper]),
            lower_origin=np.concatenate([self.lower_origin, free]),
            upper_origin=np.concatenate([self.upper_origin, free]),
        )

    def require(self, matrix: sp.csr_array, lower: Floats, upper: Floats) -> Program:
        """The same region with further rows that belong to no rule."""
        return replace(
            self,
            matrix=sp.csr_array(sp.vstack([self.matrix, matrix])),
            row_lower=np.concatenate([self.row_lower, lower]),
            row_upper=np.concatenate([self.row_upper, upper]),
            row_origin=np.concatenate([self.row_origin, np.full(lower.size, LINK)]),
        )
