"""How one rep's forecast came about: what each forecaster says of the rep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.past import make_past

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

COMPOSED = ("auto",)  # forecasters that are made of others


@dataclass(frozen=True, eq=False)
class Trace:
    """What the components said of one rep.

    Attributes
    ----------
    components : method and amount (potential over the plan, money), one row per forecaster; empty for a new hire.
    """

    components: pd.DataFrame


def trace_rep(inputs: Inputs, settings: Settings, methods: Sequence[str], rep: str) -> Trace:
    """Ask forecasters again, and keep what they say of this rep."""
    past = make_past(inputs, settings)
    panel, horizon = past.panel, past.gap + len(settings.months)
    known = panel.of(panel.mature)
    rows = list[tuple[str, float]]()
    if rep in known.reps:
        r = known.reps.index(rep)
        for name in methods:
            if name in forecasters and name not in COMPOSED:
                rows.append((name, float(forecasters[name](known, horizon)[r, :, past.gap :].sum())))
    return Trace(pd.DataFrame(rows, columns=["method", "amount"]))
