"""Whole rounding units as money, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def money_text(units: NDArray[np.int64], unit: Decimal) -> NDArray[Any]:
    """Whole rounding units as money, written exactly: 12345 units of 0.01 are ``123.45``."""
    digits, exponent = int(Decimal("".join(map(str, unit.as_tuple().digits)))), int(unit.as_tuple().exponent)
    whole = pd.Series(units) * (digits * 10 ** max(exponent, 0))
    if exponent >= 0:
        return np.asarray(whole.astype(str))
    head, tail = whole.abs().divmod(10**-exponent)
    text = head.astype(str) + "." + tail.astype(str).str.zfill(-exponent)
    return np.asarray(text.where(whole >= 0, "-" + text))
