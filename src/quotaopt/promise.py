"""Policies that cannot both be kept: overassignment against the share of reps meant to make their quota.

When quotas are the multiple ``r = (1 + h) T / C`` of what reps are expected to sell (target T, overassignment h, the
sum C of expected sales), a rep makes quota when sales / expected sales reach ``r``. The share of reps who do so falls
with ``r``; a share ``p`` is kept exactly when ``r`` is at most the ``1 − p`` quantile of sales / expected sales over
all reps and draws. That one number answers all three questions: how much overassignment is possible, which share may be
promised, how much capacity is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from quotaopt.errors import Finding, split_place
from quotaopt.forecast.panel import YEAR, month_number

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs

Floats = NDArray[np.float64]
LEAST_REPS = 5
CONSISTENT = 1.4826  # normal standard deviation / median absolute deviation


@dataclass(frozen=True)
class Promise:
    """Whether a share of reps at quota and an overassignment go together.

    Attributes
    ----------
    coverage : expected sales / target.
    needed : the coverage at which they do.
    over : the highest overassignment that keeps the share.
    share : the share of reps that would make quota as it is.
    """

    coverage: float
    needed: float
    over: float
    share: float

    @property
    def kept(self) -> bool:
        """Whether they go together."""
        return self.coverage >= self.needed * (1 - 1e-9)


def check_promise(sales: Floats, target: float, over: float, share: float) -> Promise:
    """Solve for each of the three policies from draws, without assuming any distribution.

    Parameters
    ----------
    sales : what each rep sells over the plan in each draw, shape (reps, draws).
    target : money of the company.
    over : overassignment.
    share : of the reps, meant to make quota.
    """
    mean = sales.mean(axis=1)
    rows = mean > 0
    coverage = float(mean.sum() / target)
    if not rows.any():
        return Promise(coverage, float("inf"), -1.0, 0.0)
    ratio = sales[rows] / mean[rows, None]
    last = min(int(np.floor(ratio.size * (1 - share) + 1e-9)), ratio.size - 1)  # so many may miss it
    multiple = float(np.partition(ratio, last, axis=None)[last])
    asked = (1 + over) / coverage
    needed = (1 + over) / multiple if multiple > 0 else float("inf")
    return Promise(coverage, needed, multiple * coverage - 1, float((ratio >= asked * (1 - 1e-9)).mean()))


def needed_coverage(cv: float, over: float, share: float, law: str = "lognormal") -> float:
    """Expected sales / target that overassignment and a share of reps at quota need, in closed form.

    Normal: ``(1 + h) / (1 − z_p cv)``. Log-normal, with ``s² = ln(1 + cv²)``: ``(1 + h) / exp(−s²/2 − z_p s)``.

    Parameters
    ----------
    cv : standard deviation / mean of one rep's sales.
    law : ``normal`` or ``lognormal``.
    """
    z = float(ndtri(share))
    if law == "normal":
        left = 1 - z * cv
        return (1 + over) / left if left > 0 else float("inf")
    s = float(np.sqrt(np.log1p(cv * cv)))
    return (1 + over) / float(np.exp(-s * s / 2 - z * s))


def note_promise(scenario: Scenario, sales: Floats) -> tuple[Finding, ...]:
    """A warning when the forecast says that the two policies do not go together; `sales` as in `check_promise`."""
    settings = scenario.settings
    wanted, over = settings.policy.at_quota, float(settings.overassignment)
    if wanted <= 0 or not sales.size:
        return ()
    found = check_promise(np.maximum(sales, 0.0), float(settings.target * settings.unit), over, wanted)
    if found.kept:
        return ()
    return (_warning(scenario, found, "the forecast"),)


def note_policy(scenario: Scenario, inputs: Inputs) -> tuple[Finding, ...]:
    """The same before any forecast: last year's sales, and how much reps' sales changed from year to year."""
    settings = scenario.settings
    if settings.policy.at_quota <= 0:
        return ()
    sums = year_sums(inputs, settings)
    if sums is None:
        return ()
    last, ratio = sums
    draws = last[:, None] * ratio[None, :] / ratio.mean()
    target = float(settings.target * settings.unit)
    found = check_promise(draws, target, float(settings.overassignment), settings.policy.at_quota)
    return () if found.kept else (_warning(scenario, found, "last year's sales"),)


def year_sums(inputs: Inputs, settings: Settings) -> tuple[Floats, Floats] | None:
    """Each rep's sales in the plan's months a year before, and a log-normal spread of changes around 1.

    None where those months are not all known, and with fewer than five reps who sold in them and a year earlier too.
    The spread is robust: the median absolute deviation of the log changes, less what all reps have in common.
    """
    span, first = min(len(settings.months), YEAR), month_number(settings.first_month) - YEAR
    months = inputs.history["month"].map(month_number)
    if first + span > int(months.max()) + 1:
        return None
    last, before = (
        inputs.history.loc[(months >= start) & (months < start + span)].groupby("rep_id")["amount"].sum()
        for start in (first, first - YEAR)
    )
    both = pd.concat({"last": last, "before": before}, axis=1).dropna()
    both = both[(both > 0).all(axis=1)]
    if len(both) < LEAST_REPS:
        return None
    change = np.log(np.asarray(both["last"] / both["before"], dtype=np.float64))
    spread = CONSISTENT * float(np.median(np.abs(change - np.median(change))))
    known = set(inputs.roster["rep_id"])
    kept = last[[rep in known and amount > 0 for rep, amount in last.items()]].to_numpy(np.float64)
    scores = ndtri((np.arange(400) + 0.5) / 400)
    return kept * (len(settings.months) / span), np.exp(spread * scores)


def _warning(scenario: Scenario, found: Promise, source: str) -> Finding:
    """The contradiction in a sentence, and for each policy the number that would end it."""
    settings = scenario.settings
    wanted, over = settings.policy.at_quota, float(settings.overassignment)
    target = float(settings.target) * found.coverage / found.needed
    ways = [
        f"overassignment of {100 * floor(found.over, 3):.1f} % at most" if found.over >= 0 else "",
        f"policy.at_quota of {floor(found.share, 2):.2f} at most" if found.share >= 0.01 else "",
        f"a target of {floor(target, 0):,.0f} at most" if target >= 1 else "",
        f"expected sales of {-floor(-found.needed, 2):.2f} × target instead of {found.coverage:.2f}",
    ]
    what = (
        f"policies contradict each other: {100 * wanted:.0f} % of reps are meant to make quota, but with "
        f"{100 * over:.1f} % overassignment {100 * found.share:.0f} % will, by {source}; they agree with "
        f"{', or '.join(way for way in ways if way)}"
    )
    place = split_place(scenario.source("policy", "at_quota"))
    return Finding(what, "", *place, "policy.at_quota", severity="warning", code="policy")


def floor(value: float, digits: int) -> float:
    """`value` rounded down to so many digits behind the point; a hair below a step counts as the step."""
    return float(np.floor(value * 10**digits + 1e-9 * max(abs(value), 1.0)) / 10**digits)
