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

from quotaopt.archive import Run
from quotaopt.case import Case, open_run
from quotaopt.forecast.panel import YEAR, Bools, Floats, month_name, month_number

Change = Callable[[pd.DataFrame], Floats]
"""From the history to new amounts of its rows; picklable, so that another process can make it."""


@dataclass(frozen=True, eq=False)
class Replan:
    """A run's scenario and data, and what it plans from them now.

    Attributes
    ----------
    base : each rep's quota, money, by rep_id.
    """

    case: Case
    base: pd.Series[float]

    @property
    def history(self) -> pd.DataFrame:
        """The sales that changes start from."""
        return self.case.inputs.history

    @property
    def finest(self) -> float:
        """Money in one rounding unit."""
        return float(self.case.scenario.settings.rounding.to)

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
                found[name] = plan_with(self.case, changes[name])
        else:
            from joblib import Parallel, delayed

            progress(f"{len(names)} plans, {len(parts)} at a time")
            case = replace(self.case, given=self.case.inputs)  # without what else it has made: only data go over
            tasks = (delayed(_plan_part)(case, [changes[name] for name in part]) for part in parts)
            for part, answers in zip(parts, Parallel(n_jobs=len(parts))(tasks), strict=True):
                found |= dict(zip(part, answers, strict=True))
        return pd.DataFrame({name: found[name] for name in names}, index=self.base.index)


def open_replan(run: Run, project: Path) -> Replan:
    """Read what a run was made from, and plan it.

    Raises
    ------
    InputError
        If the run's scenario or data cannot be read any more, or have changed since.
    NoPlanError
        If there is no plan to start from.
    """
    run.need_plan("change")
    case = open_run(run, project)
    return Replan(case, case.plan().by_rep())


def plan_with(case: Case, change: Change) -> pd.Series[float]:
    """Each rep's quota over the plan, money, with changed sales; nan where there is no plan."""
    history = case.inputs.history
    changed = replace(case.inputs, history=history.assign(amount=change(history)))
    plan = replace(case, given=changed).plan()
    return pd.Series(np.nan, plan.problem.index.reps.index) if plan.quota is None else plan.by_rep()


def _plan_part(case: Case, changes: Sequence[Change]) -> list[pd.Series[float]]:
    return [plan_with(case, change) for change in changes]


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
