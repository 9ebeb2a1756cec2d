"""The futures of one run: its draws times presence, beside its quotas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.archive import Run
from quotaopt.case import open_run
from quotaopt.pay import PayPlan, has_pay, make_pay
from quotaopt.scenario import Scenario
from quotaopt.tables import read_inputs

if TYPE_CHECKING:
    from quotaopt.settings import Settings

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Future:
    """One plan and what its reps sell in each draw; money, reps in the order of their ids.

    Attributes
    ----------
    reps : rep_name, region and quota by rep_id.
    drawn : what each rep present sells over the plan, as forecast, shape (reps, draws).
    target, over : the company's target, and sum of quotas / target - 1 as the scenario has it.
    pay : pay curves and target pay of the reps; None without ``[pay]``.
    """

    run: Run
    scenario: Scenario
    reps: pd.DataFrame
    drawn: Floats
    target: float
    over: float
    pay: PayPlan | None = None

    @property
    def settings(self) -> Settings:
        """The scenario's settings as the run had them."""
        return self.scenario.settings

    @cached_property
    def sales(self) -> Floats:
        """What each rep sells in each draw, shape (reps, draws): ``drawn × (1 + over)^effort``.

        With the elasticity `policy.effort` at 0, what was forecast: quotas divide sales and do not make them.
        """
        return np.asarray(self.drawn * (1 + self.over) ** self.settings.policy.effort)

    @property
    def quota(self) -> Floats:
        """Quota of each rep."""
        return self.reps["quota"].to_numpy(np.float64)

    def attained(self, sales: Floats) -> Floats:
        """Sales of shape (reps, draws) / quota; nan for reps without one."""
        quota = self.quota[:, None]
        return np.asarray(np.divide(sales, quota, out=np.full_like(sales, np.nan), where=quota > 0))


def load_future(run: Run, project: Path) -> Future:
    """Read a run's draws, presence and quotas; its roster too where it has ``[pay]``.

    Raises
    ------
    NoPlanError
        If the run has no plan, or no draws.
    InputError
        If ``[pay]`` needs the roster and it cannot be read any more.
    """
    quotas = run.table("quotas")
    file = run.samples()
    reps = quotas.groupby("rep_id", sort=True).agg(
        rep_name=("rep_name", "first"), region=("region", "first"), quota=("quota", "sum")
    )
    order = pd.Index(file["rep_id"].astype(str)).get_indexer(reps.index)
    samples = file["samples"].astype(np.float64)[order]
    scenario, capacity = open_run(run, project).scenario, run.table("capacity")
    there = capacity.groupby("rep_id", sort=True)["headcount"].mean().loc[reps.index].to_numpy(np.float64)
    return Future(
        run,
        scenario,
        reps,
        np.maximum(_present(samples, capacity, reps.index), 0.0),
        float(run.record["target"]),
        float(run.record["overassignment"]),
        _pay(scenario, reps.index, there) if has_pay(scenario.settings) else None,
    )


def _pay(scenario: Scenario, reps: pd.Index[str], there: Floats) -> PayPlan:
    return make_pay(scenario.settings, read_inputs(scenario).roster.set_index("rep_id").reindex(reps), there)


def _present(samples: Floats, capacity: pd.DataFrame, reps: pd.Index[str]) -> Floats:
    """Samples (reps, months or one, draws) × headcount × ramp, summed over the plan."""
    table = capacity.assign(presence=capacity["headcount"] * capacity["ramp"])
    presence = table.pivot_table(index="rep_id", columns="period", values="presence", aggfunc="first").loc[reps]
    if samples.shape[1] == presence.shape[1]:
        return np.asarray(np.einsum("rtb,rt->rb", samples, presence.to_numpy(np.float64)))
    table["held"] = table["potential"] * table["presence"]  # sums over the plan: the mean forecast weighs the months
    sums = table.groupby("rep_id", sort=True)[["held", "potential"]].sum().loc[reps]
    share = (sums["held"] / sums["potential"].where(sums["potential"] > 0)).fillna(0.0).to_numpy(np.float64)
    return np.asarray(samples.sum(axis=1) * share[:, None])


def same_draws(futures: list[Future]) -> bool:
    """Whether draw ``b`` is the same future in all of these runs."""
    first = futures[0]
    return all(
        list(f.reps.index) == list(first.reps.index)
        and f.drawn.shape == first.drawn.shape
        and np.array_equal(f.run.samples()["samples"], first.run.samples()["samples"])
        for f in futures[1:]
    )
