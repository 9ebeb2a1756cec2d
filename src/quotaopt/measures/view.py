"""What a measure may look at: one plan with its forecast, aligned by rep, in money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.capacity import Capacity, rep_sums
from quotaopt.goals import Levels, chance_levels
from quotaopt.measures.dominance import Pairs, find_pairs
from quotaopt.pay import PayPlan, has_pay, make_pay
from quotaopt.registry import Registry
from quotaopt.workload import hours_available

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quotaopt.forecast import Forecast
    from quotaopt.plan import Plan
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]
NAN = float("nan")


class Row(NamedTuple):
    """One measure of one plan.

    Attributes
    ----------
    low, high : interval of the share `LEVEL`, where the value is an estimate.
    reps : how many reps it is about; None when it is not about a group of reps. No verdict on fewer than five.
    verdict : ``ok`` or ``look`` where the measure has a test of its own; else the healthy range decides.
    """

    measure: str
    value: float
    unit: str
    about: str
    better: str = ""
    low: float = NAN
    high: float = NAN
    reps: int | None = None
    verdict: str = ""


@dataclass(frozen=True, eq=False)
class PlanView:
    """A plan as measures see it; amounts are money, reps in the order of their ids.

    Attributes
    ----------
    quota, capacity, last_year : shape (reps, products, months).
    potential : mean of a fully ramped, full-time rep's sum over the plan, shape (reps,).
    sales : joint draws of what each rep present sells over the plan, shape (reps, draws).
    presence : headcount × ramp, shape (reps, months).
    full_last_year : the rep was there in all of the same months a year before, shape (reps,).
    roster : one row for each rep.
    peer_group : texts, shape (reps,).
    target : money the company must cover.
    targets : money by level and key, where the scenario gives it.
    resolution : money in one rounding unit.
    pay : pay curves and target pay of the reps; None without ``[pay]``.
    paths : joint draws of a full-time, ramped rep's months, shape (reps, months, draws); None without `pay`.
    tilt : what potentials and prices make of a rep's sales, shape (reps,); None: nothing.
    chances : quota of each rep, rounding units, as a function of the normal score of the chance to miss it.
    hours : what each rep has to sell in over the plan, shape (reps,); None without ``[workload]``.
    penetration : last year's sales / potential of the market, shape (reps,); nan or None where no potential is known.
    """

    quota: Floats
    capacity: Floats
    last_year: Floats
    potential: Floats
    sales: Floats
    presence: Floats
    full_last_year: NDArray[np.bool_]
    roster: pd.DataFrame
    products: pd.DataFrame
    peer_group: NDArray[np.object_]
    target: float
    targets: Mapping[tuple[str, str], float]
    resolution: float
    current: Floats | None
    accuracy: pd.DataFrame
    inputs: Inputs
    settings: Settings
    pay: PayPlan | None = None
    paths: Floats | None = None
    tilt: Floats | None = None
    chances: Levels | None = None
    penetration: Floats | None = None
    hours: Floats | None = None

    @cached_property
    def rep_quota(self) -> Floats:
        """Quota of each rep over the plan."""
        return np.asarray(self.quota.sum(axis=(1, 2)))

    @cached_property
    def rep_capacity(self) -> Floats:
        """Capacity of each rep over the plan."""
        return np.asarray(self.capacity.sum(axis=(1, 2)))

    @cached_property
    def rep_last_year(self) -> Floats:
        """Sales of each rep in the same months a year before."""
        return np.asarray(self.last_year.sum(axis=(1, 2)))

    @cached_property
    def asked(self) -> NDArray[np.bool_]:
        """Reps with a quota: only they have an attainment."""
        return self.rep_quota > 0

    @cached_property
    def attainment(self) -> Floats:
        """Sales / quota in each draw of the reps with a quota, shape (asked reps, draws)."""
        return np.asarray(self.sales[self.asked] / self.rep_quota[self.asked, None])

    @cached_property
    def drivers(self) -> Floats:
        """What ought to raise a quota: potential, last year's sales, presence, days since the start; (reps, 4)."""
        start = pd.to_datetime(self.roster["start_date"])
        first = pd.Period(self.settings.first_month, "M").start_time
        days = (first - start).dt.days.fillna(0).to_numpy(np.float64)
        return np.column_stack([self.potential, self.rep_last_year, self.presence.mean(axis=1), days])

    @cached_property
    def inversions(self) -> tuple[int, Pairs]:
        """Pairs of peers of whom the one with more of every driver has the lower quota, see `find_pairs`."""
        return find_pairs(self.drivers, self.rep_quota, self.peer_group, self.resolution)

    @cached_property
    def size(self) -> Floats:
        """How large each rep's business is: last year's sales, or the mean forecast where there are none."""
        return np.where(self.rep_last_year > 0, self.rep_last_year, self.sales.mean(axis=1))


measure: Registry[Callable[[PlanView], Iterator[Row]]] = Registry("measure")
"""Every family of measures: a function of a `PlanView` that yields rows."""


def make_view(
    inputs: Inputs,
    forecast: Forecast,
    capacity: Capacity,
    plan: Plan,
    settings: Settings,
    targets: Mapping[tuple[str, str], float],
) -> PlanView:
    """Bring a plan and what it was made from together.

    Raises
    ------
    NoPlanError
        If there is no plan.
    """
    problem, unit = plan.problem, float(plan.problem.unit)
    roster = inputs.roster.set_index("rep_id").loc[list(forecast.reps)]
    paid = has_pay(settings)
    return PlanView(
        quota=plan.amounts().astype(np.float64) * unit,
        capacity=problem.capacity.values * unit,
        last_year=problem.last_year.values * unit,
        potential=forecast.rep_mean,
        sales=np.maximum(rep_sums(forecast, capacity.presence) * capacity.tilt[:, None], 0.0),
        presence=capacity.presence,
        full_last_year=problem.full_last_year,
        roster=roster,
        products=inputs.products.set_index("product_id").loc[list(forecast.products)],
        peer_group=problem.index.reps["peer_group"].to_numpy(object),
        target=float(settings.target * settings.unit),
        targets=targets,
        resolution=unit,
        current=None if problem.plan is None else problem.plan.values * unit,
        accuracy=forecast.accuracy,
        inputs=inputs,
        settings=settings,
        pay=make_pay(settings, roster, capacity.headcount.mean(axis=1)) if paid else None,
        paths=forecast.samples if paid else None,
        tilt=capacity.tilt,
        chances=chance_levels(problem),
        penetration=_penetration(capacity, forecast.reps),
        hours=hours_available(capacity.headcount, forecast.reps, inputs, settings).sum(axis=1)
        if settings.workload.hours
        else None,
    )


def _penetration(capacity: Capacity, reps: Sequence[str]) -> Floats | None:
    """Of the whole market where its potential is known, else of the products whose potential is."""
    table = pd.DataFrame() if capacity.market is None else capacity.market.table
    if table.empty:
        return None
    whole = table["product_id"] == ""
    known = table[whole | ~table["rep_id"].isin(table.loc[whole, "rep_id"])]
    sums = known.groupby("rep_id")[["sales", "potential"]].sum().reindex(list(reps))
    return np.asarray((sums["sales"] / sums["potential"].where(sums["potential"] > 0)).to_numpy(np.float64))
