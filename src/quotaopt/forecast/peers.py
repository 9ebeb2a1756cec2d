"""New hires: part own history, part what comparable reps are forecast to sell.

The weight on own history is ``k / (k + within / between)`` for k months seen: the empirical-Bayes (Bühlmann
credibility) weight, where *within* is the variance of a rep's month around its season and *between* the variance
between reps of a group, both measured on mature reps, relative to the group's mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quotaopt.forecast.methods import season_level
from quotaopt.forecast.panel import YEAR, Floats, Ints, Panel, Texts
from quotaopt.forecast.season import season_factors

# Own history counts for at least 70 % after a year, however alike reps are.
LEAST_WEIGHT_OF_A_YEAR = 0.7
LARGEST_RATIO = YEAR * (1 / LEAST_WEIGHT_OF_A_YEAR - 1)


@dataclass(frozen=True, eq=False)
class Peers:
    """What each rep borrows.

    Attributes
    ----------
    own_weight : weight on own history, 1 for mature reps, shape (reps,).
    group : for each rep the mature reps it borrows from, as rows of `members`.
    members : one row per group: share of each rep in the group's mean, shape (groups, reps).
    between : standard deviation between reps of the group, relative to its mean, shape (reps,).
    flag : what to tell the planner; empty for mature reps.
    """

    own_weight: Floats
    group: Ints
    members: Floats
    between: Floats
    flag: Texts

    def blend(self, panel: Panel, mean: Floats) -> Floats:
        """`mean` (reps, products, horizon), with the rows of new hires replaced by their blend."""
        new = ~panel.mature
        if not new.any():
            return mean
        factors = season_factors(panel)
        own = season_level(panel, factors)[:, :, None] * factors[:, :, panel.slots_ahead(mean.shape[2])]
        theirs = np.tensordot(self.members[self.group[new]], mean, axes=1)
        weight = self.own_weight[new, None, None]
        out = mean.copy()
        out[new] = weight * own[new] + (1 - weight) * theirs
        return out


def find_peers(panel: Panel) -> Peers:
    """Peers of each rep: same region and role, else same role, else same region, else everyone.

    Only mature reps who sold within the last year teach.
    """
    n = len(panel.reps)
    teaches = panel.mature & panel.active
    month, noise = _rep_months(panel)
    group, between, ratio = np.full(n, -1), np.zeros(n), np.full(n, LARGEST_RATIO)
    names, members = np.full(n, "", dtype=object), np.zeros((0, n))
    for label in _labels(panel):
        _, code = np.unique(label.astype(str), return_inverse=True)
        member = (np.equal.outer(np.arange(code.max(initial=-1) + 1), code) & teaches).astype(np.float64)
        here = (group < 0) & (member.sum(axis=1)[code] > 0)
        within, spread = _variances(member, code, month, noise)
        group[here], names[here] = code[here] + len(members), label[here]
        between[here] = np.sqrt(spread)
        ratio[here] = min(within / spread, LARGEST_RATIO) if spread > 0 else LARGEST_RATIO
        members = np.concatenate([members, member / np.maximum(member.sum(axis=1, keepdims=True), 1.0)])
    known = panel.seen.sum(axis=1)
    weight = np.where(panel.mature, 1.0, known / (known + np.maximum(ratio, 1e-9)))
    flags = [_describe(*x) for x in zip(panel.mature, known, weight, names, strict=True)]
    return Peers(weight, group, members, between, np.array(flags, dtype=object))


def _labels(panel: Panel) -> list[Texts]:
    both = np.array([" / ".join(filter(None, pair)) for pair in zip(panel.region, panel.role, strict=True)], object)
    everyone = np.full(len(panel.reps), "all reps", dtype=object)
    return [both, panel.role, panel.region, everyone]


def _describe(mature: bool, known: int, weight: float, peers: str) -> str:
    if mature:
        return ""
    own = f"{weight:.0%}".replace("%", " %") if known else "no"
    return f"new hire: {own} own history, peers {peers or 'all reps'}"


def _rep_months(panel: Panel) -> tuple[Floats, Floats]:
    """Mean month of each rep in the last year, and the variance of a month around level × season; shapes (reps,)."""
    factors = season_factors(panel)
    level = season_level(panel, factors)
    expected = np.einsum("rp,rpt->rt", level, factors[:, :, panel.slots[-YEAR:]])
    seen = panel.seen[:, -YEAR:]
    rest = np.where(seen, np.nansum(panel.values[:, :, -YEAR:], axis=1) - expected, 0.0)
    return level.sum(axis=1), (rest**2).sum(axis=1) / np.maximum(seen.sum(axis=1) - 1, 1)


def _variances(member: Floats, code: Ints, month: Floats, noise: Floats) -> tuple[float, float]:
    """Variance of a month and variance between reps, relative to the group's mean and pooled over groups."""
    count = member.sum(axis=1)
    mean = (member @ month) / np.maximum(count, 1.0)
    use = (count[code] > 1) & (mean[code] > 0) & (member.sum(axis=0) > 0)
    if not use.any():
        return 1.0, 0.0
    centre = mean[code[use]]
    within = float(np.mean(noise[use] / centre**2))
    freedom = use.sum() - np.unique(code[use]).size
    between = float(np.sum((month[use] / centre - 1) ** 2)) / max(int(freedom), 1) - within / YEAR
    return within, max(between, 0.0)
