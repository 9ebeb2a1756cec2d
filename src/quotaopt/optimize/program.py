"""A feasible region in the space of sub-totals, with where each of its rows and bounds comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quotaopt.optimize.bounds import LINK, Bounds
from quotaopt.optimize.linear import LinearProgram
from quotaopt.problem import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Layout:
    """Columns of the program: K totals Q of classes of reps, then K × P margins x, K × T margins y, pairs × T cells z.

    A class holds reps between whom no row of the program tells a difference; with each rep a class of its own the
    program is exact, with larger classes it is a relaxation in which the class's reps may share own limits.

    Attributes
    ----------
    shape : numbers of classes, products and months.
    classes : class of each rep, shape (R,).
    leaders : first rep of each class, shape (K,).
    eligible : whether some rep of the class may have a quota, K × P × T.
    pairs : flat class × product numbers that have cells.
    by_product, by_month : whether there are columns x and y.
    """

    shape: tuple[int, int, int]
    classes: Ints
    leaders: Ints
    eligible: Bools
    pairs: Ints
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

    @property
    def exact(self) -> bool:
        """Whether each rep is a class of its own."""
        return self.shape[0] == self.classes.size


@dataclass(frozen=True, eq=False)
class Program:
    """A feasible region in quota space; amounts divided by `scale` (the mean quota of a cell).

    Attributes
    ----------
    matrix, row_lower, row_upper, lower, upper : as in `LinearProgram`.
    row_origin, lower_origin, upper_origin : number of the rule row (counted through all blocks) behind each
        row and bound; `LINK` where there is none.
    reps : columns of the totals of classes, shape (K,).
    own : bounds of each rep's total (R,), in units.
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
    own: Bounds
    scale: float
    layout: Layout

    def minimise(self, cost: Floats) -> LinearProgram:
        """The linear program with this cost."""
        return LinearProgram(cost, self.matrix, self.row_lower, self.row_upper, self.lower, self.upper)

    def fix(self, columns: Ints, values: Floats) -> Program:
        """The same region with some columns held at given values."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[columns] = upper[columns] = values
        return self.bounded(lower, upper)

    def bounded(self, lower: Floats, upper: Floats) -> Program:
        """The same region with other bounds of the columns."""
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
