"""Which sub-total each cell of a rep × product × month array belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which sub-total each cell belongs to, for one choice of attributes.

    Attributes
    ----------
    by : the attributes, in the order asked for.
    codes : for each side (reps, products, months) the group number of each item; zeros where the side is unused.
    shape : number of groups on each side; the sub-totals are the C-ordered array of that shape, flattened.
    used : which sides have an attribute in `by`.
    names : for each side the label of each group.
    """

    by: tuple[str, ...]
    codes: tuple[Ints, Ints, Ints]
    shape: tuple[int, int, int]
    used: tuple[bool, bool, bool]
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

    @property
    def size(self) -> int:
        """Number of sub-totals."""
        return int(np.prod(self.shape))

    @cached_property
    def own(self) -> tuple[bool, bool, bool]:
        """For each side, whether its groups are the reps (products, months) themselves, in their order."""
        single = [n == k.size and np.array_equal(k, np.arange(n)) for n, k in zip(self.shape, self.codes, strict=True)]
        return tuple(u and s for u, s in zip(self.used, single, strict=True))  # type: ignore[return-value]

    @cached_property
    def labels(self) -> list[str]:
        """Name of each sub-total, like ``North 2027-01``; ``all`` for the grand total."""
        sides = [names for names, used in zip(self.names, self.used, strict=True) if used]
        return [" ".join(p) for p in _product(sides)] if sides else ["all"]

    def sum(self, cube: NDArray[Any]) -> NDArray[Any]:
        """Sub-totals of a rep × product × month array, flat, in the order of `labels`."""
        for axis in (2, 1, 0):
            if not self.used[axis]:  # several times as fast as `sum` along a short axis
                cube = np.expand_dims(np.einsum(cube, [0, 1, 2], [k for k in range(3) if k != axis]), axis)
            elif not self.own[axis]:
                order, starts = self._runs[axis]
                cube = np.add.reduceat(np.take(cube, order, axis=axis), starts, axis=axis)
        return np.asarray(cube).reshape(-1)

    @cached_property
    def _runs(self) -> list[tuple[Ints, Ints]]:
        """For each side the items in the order of their groups, and where each group begins."""
        orders = [np.argsort(codes, kind="stable") for codes in self.codes]
        return [
            (order, np.searchsorted(codes[order], np.arange(n)))
            for order, codes, n in zip(orders, self.codes, self.shape, strict=True)
        ]

    def expand(self, values: NDArray[Any]) -> NDArray[Any]:
        """The sub-total's value at each cell: broadcastable to rep × product × month."""
        out = values.reshape(self.shape)
        for axis in range(3):
            if self.used[axis] and not self.own[axis]:
                out = np.take(out, self.codes[axis], axis=axis)
        return out

    def within(self, coarse: Grouping) -> Ints:
        """For each sub-total here, the sub-total of `coarse` that contains it.

        Raises
        ------
        ValueError
            If some sub-total here is spread over several of `coarse`.
        """
        sides = []
        for mine, n, theirs in zip(self.codes, self.shape, coarse.codes, strict=True):
            parent = np.zeros(n, dtype=np.int64)
            parent[mine] = theirs
            if not np.array_equal(parent[mine], theirs):
                raise ValueError(f"total by {', '.join(self.by)} is not part of one by {', '.join(coarse.by)}")
            sides.append(parent)
        r, p, t = np.ix_(*sides)
        _, n_products, n_months = coarse.shape
        return np.asarray(((r * n_products + p) * n_months + t).reshape(-1), dtype=np.int64)


def _product(sides: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = [()]
    for names in sides:
        out = [(*head, name) for head in out for name in names]
    return out
