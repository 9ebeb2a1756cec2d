"""The seam between estimation and optimisation: aligned arrays, sorted labels, nothing else.

A `Problem` holds everything the optimiser may see. Amounts are in *rounding units* (one unit is the smallest
amount a quota may change by, for example 100 or 0.01 of money), as floats; labels are sorted once, here, so
that no later step can depend on the order of the input rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from quotaopt import columns as c
from quotaopt.errors import UnknownNameError
from quotaopt.grouping import Bools, Floats, Grouping, Ints

__all__ = [
    "SCORES", "SIDES", "Bools", "Cube", "Floats", "Grouping", "Index", "Ints", "Lock", "NodeTarget", "Problem",
]  # fmt: skip

# Normal scores at which sales are known by quantile. A few hundred samples say little beyond ±2: the last points only
# carry the slope of the score before on.
SCORES: Floats = np.concatenate([[-3.0], np.linspace(-2.0, 2.0, 21), [3.0]])

SIDES = (c.REP_ATTRIBUTES, c.PRODUCT_ATTRIBUTES, c.TIME_ATTRIBUTES)


@dataclass(frozen=True, eq=False)
class Index:
    """Sorted labels and attributes of reps, products and months.

    `reps`, `products` and `months` are tables whose index is the sorted id and whose columns are the
    attributes one may total by (texts; an empty text is a group of its own).
    """

    reps: pd.DataFrame
    products: pd.DataFrame
    months: pd.DataFrame
    _groupings: dict[tuple[str, ...], Grouping] = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of reps, products and months."""
        return len(self.reps), len(self.products), len(self.months)

    @property
    def attributes(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Attributes known on each side; the first of a side is the item itself."""
        tables = (self.reps, self.products, self.months)
        return tuple((side[0], *map(str, t.columns)) for side, t in zip(SIDES, tables, strict=True))  # type: ignore[return-value]

    def group(self, *by: str) -> Grouping:
        """The grouping by these attributes; one object per choice, made once.

        Raises
        ------
        UnknownNameError
            If an attribute is not known.
        """
        if by not in self._groupings:
            known = [a for side in self.attributes for a in side]
            for name in by:
                if name not in known:
                    raise UnknownNameError("attribute", name, known)
            sides = [self._side(axis, [a for a in by if a in self.attributes[axis]]) for axis in range(3)]
            codes, names, used = zip(*sides, strict=True)
            shape = tuple(len(n) for n in names)
            self._groupings[by] = Grouping(by, codes, shape, used, names)  # type: ignore[arg-type]
        return self._groupings[by]

    def _side(self, axis: int, by: list[str]) -> tuple[Ints, tuple[str, ...], bool]:
        table = (self.reps, self.products, self.months)[axis]
        if not by:
            return np.zeros(len(table), dtype=np.int64), ("",), False
        item = self.attributes[axis][0]
        if item in by:  # the item decides every other attribute of its side
            return np.arange(len(table), dtype=np.int64), tuple(map(str, table.index)), True
        keys = list(zip(*(map(str, table[attribute]) for attribute in by), strict=True))
        place = {key: k for k, key in enumerate(sorted(set(keys)))}
        return np.array([place[key] for key in keys], dtype=np.int64), tuple(map(" ".join, place)), True


@dataclass(frozen=True, eq=False)
class Cube:
    """An amount per rep × product × month that can be totalled by any attributes."""

    index: Index
    values: Floats

    def by(self, *by: str) -> Floats:
        """Sub-totals by these attributes, flat (see `Grouping.labels` for the order)."""
        return np.asarray(self.index.group(*by).sum(self.values), dtype=np.float64)


@dataclass(frozen=True)
class Lock:
    """A quota that must stay: `None` for product or month means all of them. `value` is in rounding units.

    `kind` says who decided it: ``lock``, ``override`` or ``commit``.
    """

    rep: str
    product: str | None
    month: str | None
    value: int
    source: str = ""
    kind: str = "lock"

    @property
    def name(self) -> str:
        """What it locks, like ``R017 core 2027-01``."""
        return " ".join(filter(None, (self.rep, self.product, self.month)))


@dataclass(frozen=True)
class NodeTarget:
    """What a node's quotas add up to: the sub-total number `row` of the grouping `by`, in rounding units."""

    by: tuple[str, ...]
    row: int
    value: int
    source: str = ""


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything the optimiser sees, in rounding units.

    Attributes
    ----------
    index : sorted labels and attributes.
    unit : money in one rounding unit.
    target : sum of all quotas, a whole number of units (target × (1 + overassignment)).
    capacity : what each rep can carry (R × P × T).
    reference : pattern the spread follows; positive exactly where a quota may stand.
    last_year : sales in the same months a year before.
    expected, spread : median and spread (one normal standard deviation) of each rep's sales over the plan (R).
    quantiles : quantiles of the same sales at the normal scores `SCORES`, non-decreasing (R × K); none when only
        median and spread are known.
    presence : headcount × ramp, mean over the plan months (R); 1 for a full-time, fully ramped rep.
    full_last_year : whether the rep was there in all of the same months a year before (R).
    overassignment : sum of quotas / target - 1, already inside `target`.
    money : what 1 in a scenario's amounts means, for example 10_000.
    plan : current plan, when re-planning.
    locks : quotas that must stay.
    nodes : what nodes of the tree must add up to.
    supply : most of each product that can be delivered in a month (P × T); None when nobody said.
    relieved : capacity that is missing because of leave (R × P × T); none when nobody is relieved.
    relief : quota that nobody carries because of it (R × P × T), already taken off `target`.
    """

    index: Index
    unit: Decimal
    target: int
    capacity: Cube
    reference: Cube
    last_year: Cube
    expected: Floats
    spread: Floats
    presence: Floats
    full_last_year: Bools
    overassignment: Decimal = Decimal(0)
    money: Decimal = Decimal(1)
    plan: Cube | None = None
    locks: Sequence[Lock] = ()
    quantiles: Floats | None = None
    nodes: Sequence[NodeTarget] = ()
    supply: Floats | None = None
    relieved: Cube | None = None
    relief: Floats | None = None

    def group(self, *by: str) -> Grouping:
        """The grouping by these attributes."""
        return self.index.group(*by)

    @cached_property
    def eligible(self) -> Bools:
        """Cells where a quota may stand (R × P × T)."""
        return self.reference.values > 0

    @cached_property
    def without_relief(self) -> int:
        """What the target would be if nobody were on leave."""
        return self.target + (0 if self.relief is None else round(float(self.relief.sum())))

    def with_target(self, total: int) -> Problem:
        """The same for another target, given as if nobody were on leave; relief changes in proportion."""
        if self.relief is None:
            return replace(self, target=total)
        relief = self.relief * (total / self.without_relief)
        return replace(self, target=total - round(float(relief.sum())), relief=relief)

    def units(self, money: float | int | str | Decimal) -> Decimal:
        """An amount as a scenario writes it, in rounding units, exactly."""
        return Decimal(str(money)) * self.money / self.unit

    def named(self, by: str, values: Mapping[str, Any], fill: Any) -> list[Any]:
        """`values` by name, in the order of the grouping's labels, `fill` where none is given.

        Raises
        ------
        UnknownNameError
            If a name is none of the labels.
        """
        labels = self.group(by).labels
        for name in values:
            if name not in labels:
                raise UnknownNameError(by, name, labels)
        return [values.get(label, fill) for label in labels]
