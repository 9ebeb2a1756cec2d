"""Plan again and again with the sales of the past changed a little: what `ratchet` and `jackknife` ask.

Everything but the amounts of the history stays: tables are read once, each change is a forecast and a plan, and they
can be shared out over processes. The answer does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.allocate import allocate
from quotaopt.archive import Run
from quotaopt.capacity import make_capacity
from quotaopt.decisions import reconcile
from quotaopt.errors import NoPlanError
from quotaopt.forecast import make_forecast
from quotaopt.forecast.panel import YEAR, Bools, Floats, month_name, month_number
from quotaopt.prepare import prepare
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import Inputs, read_inputs

Change = Callable[[pd.DataFrame], Floats]
"""From the history to new amounts of its rows; picklable, so that another process can make it."""


@dataclass(frozen=True, eq=False)
class Replan:
    """A run's scenario and data, and what it plans from them now.

    Attributes
    ----------
    base : each rep's quota, money, by rep_id.
    """

    scenario: Scenario
    inputs: Inputs
    base: pd.Series[float]

    @property
    def history(self) -> pd.DataFrame:
        """The sales that changes start from."""
        return self.inputs.history

    def quotas(
        self, changes: Mapping[str, Change], jobs: int = 1, progress: Callable[[str], None] = lambda _: None
    ) -> pd.DataFrame:
        """Each rep's quota under each change, money, one column each; nan where a change leaves no plan.

        Parameters
        ----------
        jobs : how many are planned at a time, each in a process of its own.
        """
        names, parts = list(changes), [list(changes)[k::jobs] for k in range(min(jobs, len(changes)))]
        found = dict[str, "pd.Series[float]"]()
        if len(parts) < 2:
            for number, name in enumerate(names, 1):
                progress(f"plan {number} of {len(names)}: {name}")
                found[name] = plan_with(self.scenario, self.inputs, changes[name])
        else:
            from joblib import Parallel, delayed

            progress(f"{len(names)} plans, {len(parts)} at a time")
            tasks = (delayed(_plan_part)(self.scenario, self.inputs, [changes[n] for n in part]) for part in parts)
            for part, answers in zip(parts, Parallel(n_jobs=len(parts))(tasks), strict=True):
                found |= dict(zip(part, answers, strict=True))
        return pd.DataFrame({name: found[name] for name in names}, index=self.base.index)

    @property
    def finest(self) -> float:
        """Money in one rounding unit."""
        return float(self.scenario.settings.rounding.to)


def open_replan(run: Run, project: Path) -> Replan:
    """Read what a run was made from, and plan it.

    Raises
    ------
    InputError
        If the run's scenario or data cannot be read any more.
    NoPlanError
        If there is no plan to start from.
    """
    scenario = load_scenario(str(run.folder / "scenario.toml"), project)
    inputs = read_inputs(scenario)
    base = plan_with(scenario, inputs, as_it_was)
    if base.isna().any():
        raise NoPlanError(f"run {run.id} has no plan to change: its status is {run.status}")
    return Replan(scenario, inputs, base)


def plan_with(scenario: Scenario, inputs: Inputs, change: Change) -> pd.Series[float]:
    """Each rep's quota over the plan, money, with changed sales; nan where there is no plan."""
    changed = replace(inputs, history=inputs.history.assign(amount=change(inputs.history)))
    forecast = make_forecast(changed, scenario.settings)
    capacity = make_capacity(forecast, changed, scenario.settings)
    plan = allocate(reconcile(prepare(scenario, changed, forecast, capacity), scenario), scenario)
    if plan.quota is None:
        return pd.Series(np.nan, index=list(forecast.reps))
    quota = plan.quota.sum(axis=(1, 2)) * float(plan.problem.unit)
    return pd.Series(quota.astype(float), index=list(forecast.reps))


def _plan_part(scenario: Scenario, inputs: Inputs, changes: Sequence[Change]) -> list[pd.Series[float]]:
    return [plan_with(scenario, inputs, change) for change in changes]


def as_it_was(history: pd.DataFrame) -> Floats:
    """No change."""
    return history["amount"].to_numpy(np.float64)


def recent(history: pd.DataFrame) -> Bools:
    """Rows of the last twelve months, shape (rows,)."""
    months = history["month"]
    return (months > month_name(month_number(str(months.max())) - YEAR)).to_numpy()


def recent_months(history: pd.DataFrame) -> Iterator[str]:
    """The last twelve months there are records of, the newest first."""
    yield from sorted(set(history.loc[recent(history), "month"]), reverse=True)


def recent_sales(history: pd.DataFrame, *by: str) -> pd.Series[float]:
    """Sales of the last twelve months by these columns."""
    return history[recent(history)].groupby(list(by))["amount"].sum()
