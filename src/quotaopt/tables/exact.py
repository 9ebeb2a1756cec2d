"""Sums of amounts without rounding: whole numbers of a power of ten, and floats only at the end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

FINEST = 30
"""Decimal places kept; what is finer is rounded."""
WHOLE = 2**53
"""Floats hold every whole number up to here."""
TENS = 22
"""Floats hold every power of ten up to here."""
ROOM = 2**62


def to_whole(numbers: Sequence[Decimal]) -> tuple[list[int], int]:
    """Numbers as whole multiples of ``10 ** -scale``, and the `scale`."""
    finest = max((-int(n.as_tuple().exponent) for n in numbers), default=0)
    scale = min(max(finest, 0), FINEST)
    with localcontext(prec=FINEST * 3):
        return [int(n.scaleb(scale).to_integral_value()) for n in numbers], scale


def as_whole(values: Sequence[int] | NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as int64 where all of them have room to be added up, else as Python's own."""
    own = np.empty(len(values), dtype=object)
    own[:] = values
    most = max((abs(int(v)) for v in own), default=0)
    return own.astype(np.int64) if most * max(len(own), 1) < ROOM else own


def rescale(values: NDArray[Any], factor: int) -> NDArray[Any]:
    """Whole numbers times a `factor`, still exact."""
    if factor == 1 or not len(values):
        return values
    if values.dtype != object and int(np.abs(values).max()) * factor * len(values) < ROOM:
        return np.asarray(values * factor)
    return as_whole(values.astype(object) * factor)


def sum_groups(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """Exact sums of the stretches of `values` that begin at `starts`."""
    if not len(values):
        return values
    if values.dtype != object and int(np.abs(values).max()) * len(values) >= ROOM:
        values = values.astype(object)
    return np.asarray(np.add.reduceat(values, starts))


def to_floats(values: NDArray[Any], scale: int) -> NDArray[np.float64]:
    """The floats nearest to ``values × 10 ** -scale``."""
    if scale > TENS or values.dtype == object:
        return np.array([int(v) / 10**scale for v in values], dtype=np.float64)
    floats = values.astype(np.float64) / 10.0**scale
    far = np.flatnonzero(np.abs(values) > WHOLE)
    floats[far] = [int(v) / 10**scale for v in values[far]]
    return floats
