"""Variable pay from attainment, by piecewise linear pay curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.scenario import Scenario
from quotaopt.tables import read_inputs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PayPlan:
    """Pay curve and target pay of each rep.

    Attributes
    ----------
    curves : for each rep points (attainment, part of target pay); no points, no pay.
    target : variable pay for exactly the quota, money, times the share of the plan the rep is there, shape (reps,).
    """

    curves: tuple[tuple[tuple[float, float], ...], ...]
    target: Floats

    def pay(self, attainment: Floats) -> Floats:
        """Pay in money for attainments of shape (reps, draws); nan (no quota) pays nothing.

        Straight lines between the points of the curve; before the first and behind the last as at that point.
        """
        out = np.zeros_like(attainment)
        for curve in dict.fromkeys(self.curves):
            rows = np.array([mine == curve for mine in self.curves])
            if curve:
                at, part = np.array(curve).T
                out[rows] = np.interp(np.nan_to_num(attainment[rows], nan=-1.0), at, part)
        out[np.isnan(attainment)] = 0.0
        return np.asarray(out * self.target[:, None])


def make_pay(scenario: Scenario, reps: Sequence[str], there: Floats) -> PayPlan:
    """Pay of these reps: by the roster's column where it has an amount, else by role, else for all.

    Parameters
    ----------
    there : mean full-time share of each rep over the plan, shape (reps,).

    Raises
    ------
    InputError
        If the roster cannot be read.
    """
    settings = scenario.settings
    pay, inputs = settings.pay, read_inputs(scenario)
    roster = inputs.roster.set_index("rep_id").reindex(list(reps))
    roles = roster["role"].fillna("").tolist()
    curves = tuple(tuple(pay.curve_by_role.get(role, pay.curve)) for role in roles)
    amount = np.array([float(pay.target_pay_by_role.get(role, pay.target_pay)) for role in roles])
    if pay.column:
        own = pd.to_numeric(roster[pay.column].replace("", "nan"), errors="coerce").to_numpy(np.float64)
        amount = np.where(np.isnan(own), amount, own)
    return PayPlan(curves, np.asarray(amount * float(settings.unit) * there))
