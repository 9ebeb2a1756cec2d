"""What a level is, who has one, and water-filling: the one computation every notion of fairness shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from quotaopt.optimize.cuts import Cut
from quotaopt.optimize.linear import LinearProgram, Solution
from quotaopt.problem import Floats, Ints

Solve: TypeAlias = Callable[[LinearProgram], Solution]

NEAR = 1e-12  # relative difference below which levels are the same


@dataclass(frozen=True, eq=False)
class Items:
    """What has a level; amounts scaled as in the program, shapes (n,).

    Attributes
    ----------
    column : column of the program the item adds to; several items may share one (a class of reps).
    offset, scale : of the level ``(value - offset) / scale``; `scale` positive.
    lower, upper : own bounds.
    lower_origin, upper_origin : rule rows of the bounds, `LINK` for none.
    """

    column: Ints
    offset: Floats
    scale: Floats
    lower: Floats
    upper: Floats
    lower_origin: Ints
    upper_origin: Ints


@dataclass(frozen=True, eq=False)
class LevelBlock:
    """Items that share one level, and the rule rows that hold it there.

    `held_by` maps a rule row to its price: how much the level rises for one more unit (scaled) of the row's limit.
    `cut` is the number of the inequality of the pool that forces the level; -1 where none does.
    """

    members: Ints
    level: float
    held_by: Mapping[int, float]
    cut: int = -1


@dataclass(frozen=True, eq=False)
class Fair:
    """The fair values.

    Attributes
    ----------
    status : of the search; values exist only when it is ``optimal``.
    values : shape (n,), one for each item.
    blocks : who shares a level.
    stop : rule row whose bound holds a single item at a level of its own, `LINK` for none; shape (n,).
    programs : number of linear programs solved.
    exact : False when some cut had to be taken from a solver's own digits.
    pool : the proven inequalities whose filling gave the values; empty when they were found another way.
    """

    status: str
    values: Floats = field(default_factory=lambda: np.zeros(0))
    blocks: tuple[LevelBlock, ...] = ()
    stop: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    programs: int = 0
    exact: bool = True
    pool: tuple[Cut, ...] = ()


def fill(items: Items, who: Ints, weight: Floats, total: float) -> tuple[float, Floats]:
    """Water-filling: the level x with ``sum(weight * clip(offset + scale * x, lower, upper)) == total``.

    The sum is a piecewise linear, non-decreasing function of x; a sweep over its sorted breakpoints finds the piece
    (O(n log n)) and one division the level. Totals out of reach give the nearest end.

    Returns
    -------
    level, values of the items `who`.
    """
    offset, scale, lower, upper = items.offset[who], items.scale[who], items.lower[who], items.upper[who]
    breaks = np.concatenate([(lower - offset) / scale, (upper - offset) / scale])
    slopes = np.concatenate([weight * scale, -weight * scale])
    finite = np.isfinite(breaks)
    breaks, slopes = breaks[finite], slopes[finite]
    order = np.argsort(breaks, kind="stable")
    breaks, slope = breaks[order], np.cumsum(slopes[order])
    reached = weight @ lower + np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(breaks))])
    k = int(np.clip(np.searchsorted(reached, total, side="right") - 1, 0, breaks.size - 1))
    level = float(breaks[k])
    if slope[k] > NEAR * slopes.max():
        level += float((total - reached[k]) / slope[k])
        values = np.clip(offset + scale * level, lower, upper)
        moving = (values > lower) & (values < upper)
        if moving.any():  # once more from the items that move alone: no rounding error of the sweep remains
            rest = total - weight[~moving] @ values[~moving] - weight[moving] @ offset[moving]
            level = float(rest / (weight[moving] @ scale[moving]))
    return level, np.clip(offset + scale * level, lower, upper)
