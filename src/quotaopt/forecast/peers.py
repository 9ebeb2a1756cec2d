"""New hires: part own history, part what comparable reps are forecast to sell.

Two steps: how much the rep sells in a year, then which products. The weight on own history is ``k / (k + within /
between)`` for k months seen: the empirical-Bayes (Bühlmann credibility) weight, where *within* is the variance of a
rep's month around its season and *between* the variance between reps of a group, both measured on mature reps,
relative to the group's mean; of the month's total for the first step, of its split by product for the second.
Months ahead follow the season that all reps share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quotaopt.forecast.methods import season_level
from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints, Panel, Texts
from quotaopt.forecast.pool.season import season_factors

# Own history counts for at least 70 % after a year, however alike reps are.
LEAST_WEIGHT_OF_A_YEAR = 0.7
LARGEST_RATIO = YEAR * (1 / LEAST_WEIGHT_OF_A_YEAR - 1)
MASKED = (1, 3, 6)  # months a mature rep is left with, to see whether peers help
FEWEST_MASKED = 3


@dataclass(frozen=True, eq=False)
class Peers:
    """What each rep borrows.

    Attributes
    ----------
    own_weight : weight on own history of a rep's total, 1 for mature reps, shape (reps,).
    mix_weight : weight on own history of its split by product, 1 for mature reps, shape (reps,).
    group : for each rep the mature reps it borrows from, as rows of `members`; -1 when there are none.
    members : one row per group: share of each rep in the group's mean, shape (groups, reps).
    between : standard deviation between reps of the group, relative to its mean, shape (reps,).
    flag : what to tell the planner; empty for mature reps.
    helpful : blending beat own history alone on mature reps masked to their last months; true where untested.
    """

    own_weight: Floats
    mix_weight: Floats
    group: Ints
    members: Floats
    between: Floats
    flag: Texts
    helpful: bool = True

    def blend(self, panel: Panel, mean: Floats) -> Floats:
        """`mean` (reps, products, horizon), with the rows of new hires replaced by their blend."""
        new = ~panel.mature
        if not new.any():
            return mean
        factors = season_factors(panel)
        own = (season_level(panel, factors)[:, :, None] * factors[:, :, panel.slots_ahead(mean.shape[2])])[new]
        theirs = self._mean_of_peers(mean)[new]
        sold, shared = own.sum(axis=(1, 2)), theirs.sum(axis=(1, 2))
        weight = np.where(shared > 0, self.own_weight[new], 1.0)
        split = np.where(shared > 0, np.where(sold > 0, self.mix_weight[new], 0.0), 1.0)[:, None, None]
        total = (weight * sold + (1 - weight) * shared)[:, None, None]
        out = mean.copy()
        out[new] = total * (split * _over(own, sold) + (1 - split) * _over(theirs, shared))
        return out

    def _mean_of_peers(self, values: Floats) -> Floats:
        """Mean over the group each rep borrows from, shape as `values` (reps, ...); 0 where there is none."""
        means = np.tensordot(self.members, values, axes=1)
        return np.concatenate([means, np.zeros_like(values[:1])])[self.group]


def _over(values: Floats, total: Floats) -> Floats:
    """Share of each rep's months (reps, products, months) in its total."""
    total = total[:, None, None]
    return np.divide(values, total, out=np.zeros_like(values), where=total != 0)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Who borrows from whom, and how many months of own history weigh as much as the peers; one row per rep.

    `ratio` for a rep's total, `mix` (one for all) for its split by product.
    """

    group: Ints
    members: Floats
    between: Floats
    ratio: Floats
    mix: float
    names: Texts


def find_peers(panel: Panel) -> Peers:
    """Peers of each rep: same region and role, else same role, else same region, else everyone.

    Only mature reps who sold within the last year teach. Where mature reps masked to their last months show that own
    history alone would have served them better, it serves: then peers are for reps without any.
    """
    found = _find_groups(panel)
    known, new = panel.seen.sum(axis=1), ~panel.mature
    helpful = bool(not (new & (known > 0)).any() or _helps(panel))
    own = known / (known + np.maximum(found.ratio, 1e-9)) if helpful else (known > 0) * 1.0
    mix = known / (known + found.mix)
    own, mix = (np.where(panel.mature, 1.0, w) for w in (own, mix))
    flags = [_describe(*x) for x in zip(panel.mature, known, own, found.names, strict=True)]
    return Peers(own, mix, found.group, found.members, found.between, np.array(flags, dtype=object), helpful)


def _find_groups(panel: Panel) -> _Groups:
    n = len(panel.reps)
    teaches = panel.mature & panel.active
    factors = season_factors(panel)
    level = season_level(panel, factors)
    noise = _noise(panel, factors, level)
    group, between, ratio = np.full(n, -1), np.zeros(n), np.full(n, LARGEST_RATIO)
    names, members = np.full(n, "", dtype=object), np.zeros((0, n))
    for label in _labels(panel):
        _, code = np.unique(label.astype(str), return_inverse=True)
        member = (np.equal.outer(np.arange(code.max(initial=-1) + 1), code) & teaches).astype(np.float64)
        here = (group < 0) & (member.sum(axis=1)[code] > 0)
        within, spread = _variances(member, code, level.sum(axis=1), noise)
        group[here], names[here] = code[here] + len(members), label[here]
        between[here], ratio[here] = np.sqrt(spread), _ratio(within, spread)
        members = np.concatenate([members, member / np.maximum(member.sum(axis=1, keepdims=True), 1.0)])
    return _Groups(group, members, between, ratio, _mix_ratio(panel, factors, level, teaches), names)


def _ratio(within: float, between: float) -> float:
    """Months of own history that weigh as much as the peers."""
    return min(within / between, LARGEST_RATIO) if between > 0 else LARGEST_RATIO


def _helps(panel: Panel) -> bool:
    """Whether the blend was nearer than own history alone to the last year of mature reps masked before it.

    Untested, and so assumed, with less than two years of history or fewer than three reps to mask.
    """
    origin = panel.length - YEAR
    if origin < YEAR:
        return True
    known = panel.until(origin)
    found, factors = _find_groups(known), season_factors(known)
    year = YEAR * season_level(known, factors).sum(axis=1)
    share = np.where(found.group >= 0, found.members[found.group, np.arange(len(year))], 1.0)
    judge = known.mature & panel.seen[:, origin:].all(axis=1) & (share > 0) & (share < 1)
    if judge.sum() < FEWEST_MASKED:
        return True
    others = ((found.members @ year)[found.group] - share * year)[judge] / (1 - share[judge])
    actual = np.nansum(panel.values[:, :, origin:], axis=(1, 2))[judge]
    alone = blended = 0.0
    for months in MASKED:
        late = replace(known, values=known.values[:, :, -months:], first=known.first + origin - months)
        own = YEAR * season_level(late, factors).sum(axis=1)[judge]
        weight = months / (months + found.ratio[judge])
        alone += float(np.abs(own - actual).sum())
        blended += float(np.abs(weight * own + (1 - weight) * others - actual).sum())
    return blended <= alone


def _labels(panel: Panel) -> list[Texts]:
    both = np.array([" / ".join(filter(None, pair)) for pair in zip(panel.region, panel.role, strict=True)], object)
    everyone = np.full(len(panel.reps), "all reps", dtype=object)
    return [both, panel.role, panel.region, everyone]


def _describe(mature: bool, known: int, weight: float, peers: str) -> str:
    if mature:
        return ""
    own = f"{weight:.0%}".replace("%", " %") if known else "no"
    return f"new hire: {own} own history, peers {peers or 'all reps'}"


def _noise(panel: Panel, factors: Floats, level: Floats) -> Floats:
    """Variance of a month of each rep around level × season in the last year, shape (reps,)."""
    expected = np.einsum("rp,rpt->rt", level, factors[:, :, panel.slots[-YEAR:]])
    seen = panel.seen[:, -YEAR:]
    rest = np.where(seen, np.nansum(panel.values[:, :, -YEAR:], axis=1) - expected, 0.0)
    return np.asarray((rest**2).sum(axis=1) / np.maximum(seen.sum(axis=1) - 1, 1))


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


def _mix_ratio(panel: Panel, factors: Floats, level: Floats, teaches: Bools) -> float:
    """Months of own history whose split by product weighs as much as that of the peers.

    Variances of a product's share in a rep's sales, summed over products: of a month's, given the rep's own shares,
    and between reps.
    """
    total = level.sum(axis=1)
    use = teaches & (total > 0)
    if use.sum() < 2:
        return LARGEST_RATIO
    share = level[use] / total[use, None]
    expected = level[use][:, :, None] * factors[use][:, :, panel.slots[-YEAR:]]
    seen = panel.seen[use][:, -YEAR:]
    rest = np.where(seen[:, None, :], np.nan_to_num(panel.values[use][:, :, -YEAR:]) - expected, 0.0)
    # What a month says of the shares is what it says beyond the rep's total.
    rest -= share[:, :, None] * rest.sum(axis=1, keepdims=True)
    within = (rest**2).sum(axis=(1, 2)) / np.maximum(seen.sum(axis=1) - 1, 1) / total[use] ** 2
    apart = ((share - share.mean(axis=0)) ** 2).sum() / (use.sum() - 1) - float(np.mean(within)) / YEAR
    return _ratio(float(np.mean(within)), float(apart))
