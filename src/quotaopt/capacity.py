"""What each rep can carry: potential × headcount × ramp.

*Headcount* is the share of full-time work present in a month: the roster's share, times the calendar days between
start and end date. *Ramp* is how productive a new rep is, by months since the start date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.errors import InputError
from quotaopt.forecast import Forecast, cell_columns
from quotaopt.presence import check_profiles, count_heads, read_ramp

if TYPE_CHECKING:
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Capacity:
    """What each rep can carry in each plan month.

    Attributes
    ----------
    headcount : full-time share present, shape (reps, months).
    ramp : productivity of a new rep, 0..1, shape (reps, months).
    values : potential × headcount × ramp, money, shape (reps, products, months); never negative.
    """

    headcount: Floats
    ramp: Floats
    values: Floats


def make_capacity(forecast: Forecast, inputs: Inputs, settings: Settings) -> Capacity:
    """Capacity of every rep × product × plan month.

    Raises
    ------
    InputError
        If the roster names a ramp profile that the scenario does not have.
    """
    if findings := check_profiles(inputs, settings):
        raise InputError(findings)
    roster = inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    headcount = count_heads(roster, forecast.months)
    ramp = read_ramp(roster, forecast.months, settings)
    values = np.maximum(forecast.mean, 0.0) * (headcount * ramp)[:, None, :]
    return Capacity(headcount, ramp, values)


def rep_sums(forecast: Forecast, presence: Floats) -> Floats:
    """What each rep sells over the plan in each draw, shape (reps, draws).

    Parameters
    ----------
    presence : headcount × ramp, shape (reps, months).
    """
    return np.asarray(np.einsum("rtb,rt->rb", forecast.samples, presence))


def capacity_table(forecast: Forecast, capacity: Capacity) -> pd.DataFrame:
    """One row per rep × product × period: potential, headcount, ramp, capacity."""
    shape = forecast.mean.shape
    return pd.DataFrame(
        {
            **cell_columns(forecast),
            "potential": forecast.mean.ravel(),
            "headcount": np.broadcast_to(capacity.headcount[:, None, :], shape).ravel(),
            "ramp": np.broadcast_to(capacity.ramp[:, None, :], shape).ravel(),
            "capacity": capacity.values.ravel(),
        }
    )
