"""Variable pay from attainment, by piecewise linear pay curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quotaopt.settings import Settings

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

    def slope(self, attainment: Floats) -> Floats:
        """Pay for one more of attainment, in target pay: the slope of the curve there; 0 before and behind its points.

        Parameters
        ----------
        attainment : shape (reps, anything); at a point of the curve what is to come counts.
        """
        out = np.zeros_like(attainment)
        for curve in dict.fromkeys(self.curves):
            rows = np.array([mine == curve for mine in self.curves])
            if len(curve) > 1:
                at, part = np.array(curve).T
                rise = np.concatenate([[0.0], np.diff(part) / np.diff(at), [0.0]])
                out[rows] = rise[np.searchsorted(at, attainment[rows], side="right")]
        return out


def has_pay(settings: Settings) -> bool:
    """Whether the scenario says what an attainment is paid."""
    return bool(settings.pay.curve) or any(settings.pay.curve_by_role.values())


def make_pay(settings: Settings, roster: pd.DataFrame, there: Floats) -> PayPlan:
    """Pay of these reps: by the roster's column where it has an amount, else by role, else for all.

    Parameters
    ----------
    roster : one row for each rep, by rep_id.
    there : mean full-time share of each rep over the plan, shape (reps,).
    """
    pay, roles = settings.pay, roster["role"].fillna("").tolist()
    curves = tuple(tuple(pay.curve_by_role.get(role, pay.curve)) for role in roles)
    amount = np.array([float(pay.target_pay_by_role.get(role, pay.target_pay)) for role in roles])
    if pay.column:
        own = pd.to_numeric(roster[pay.column].replace("", "nan"), errors="coerce").to_numpy(np.float64)
        amount = np.where(np.isnan(own), amount, own)
    return PayPlan(curves, np.asarray(amount * float(settings.unit) * there))
