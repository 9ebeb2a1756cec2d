"""Rep effects: who sells how much of the year, from own history as far as reps differ, from the others as not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats, Ints
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.pool.season import LOWEST
from quotaopt.forecast.sums import divide

USUAL, WINDOWS = 1.5 * YEAR, (YEAR, 6, 3)  # months after which a month counts half, and last months that count alone
# A year or two is a small sample: that the others err this much more than the usual, and with seasons of the reps more
# than without, counts as one year of back-test. About what was found on AdventureWorks, CRM, tourism and made-up data.
PRIOR_WINDOWS, PRIOR_OWN, PRIOR_SEASON, PRIOR_YEARS = (1.02, 1.03, 1.05), 1.08, 0.02, 1.0
SHARPNESS, LEAST_SAY = 80.0, 0.02  # a way with 1 % more error has half the say; below two per cent it has none
OWN_NOISE = 0.5  # weight of a rep's own noise against that of all reps
FURTHEST = 1.5  # standard deviations of all reps that a share may be moved by at most: nobody is made average
STEPS = 50


class Effects(NamedTuple):
    """Shares of many in a whole, and why.

    Attributes
    ----------
    share : expected level over that of the whole, up to a common factor; nan without positive sales, shape (series,).
    own : weight of own history in it, shape (series,).
    between : standard deviation between series of the logarithm of their level.
    noise : variance of a single month of each, relative to the square of its level, shape (series,).
    """

    share: Floats
    own: Floats
    between: float
    noise: Floats

    @property
    def within(self) -> float:
        """Standard deviation of a single month, relative to its level."""
        known = self.noise[~np.isnan(self.share)]
        return float(np.sqrt(np.mean(known))) if known.size else 0.0


class Way(NamedTuple):
    """One way to tell the shares of reps in the months ahead.

    Attributes
    ----------
    what : in words.
    prior : its error over that of the usual way, as long as there is nothing to learn from.
    window : last months that count; 0 counts all, half as much after `USUAL` months.
    season : reps have seasons of their own.
    own : each rep's own forecast stands.
    """

    what: str
    prior: float
    window: int = 0
    season: bool = False
    own: bool = False


WAYS = (
    Way(f"months that count half after {USUAL:g}", 1.0),
    *(Way(f"the last {w} months", prior, w) for w, prior in zip(WINDOWS, PRIOR_WINDOWS, strict=True)),
)
WAYS += tuple(way._replace(prior=way.prior + PRIOR_SEASON, season=True) for way in WAYS)
WAYS += (Way("each rep's own forecast", PRIOR_OWN, own=True),)


def share_out(levels: Levels, flat: Floats, season: Floats, cells: Floats, say: Floats) -> tuple[Floats, Effects]:
    """Give each rep its share of the company, and each rep × product its share of the product.

    Sums over the horizon change; the pattern of the months, the company's sum and the products' stay. A rep's share
    of a product is thought to be its share of the company. Cells without sales to scale stay as they are.

    Parameters
    ----------
    flat : history of every series without season, money, shape (series, months); see `stack_history`.
    season : effect of each month ahead relative to the level, shape (series, 12).
    cells : forecast, shape (reps, products, horizon).
    say : weight of each of `WAYS`, see `weigh_ways`; shares of reps are their weighted mean.

    Returns
    -------
    The cells, and the effects of the reps: as usual, but for the weight of own history, which is the ways' mean.
    """
    usual = find_effects(_rep_rows(levels, flat), flat[0], roles=levels.role)
    own = say[-1]
    if own == 1:
        return cells, usual
    sums, ahead = cells.sum(axis=2), season_ahead(season, cells.shape[2])
    table = _find_table(levels, flat, usual)
    use = (sums > 0) & (table > 0)
    sums = np.where(use, sums, 0.0)
    seasonal = float(say @ [way.season for way in WAYS]) / (1 - own)
    table = np.where(use, table * levels.cells(ahead[:, None])[:, :, 0] ** seasonal, 0.0)
    target = own * sums + (1 - own) * table * divide(sums.sum(axis=0), table.sum(axis=0))
    shares, weights = _list_shares(levels, flat, ahead, sums.sum(axis=1), say > 0)
    by_rep = np.einsum("w,wr->r", say, shares * (sums > 0).any(axis=1)) * sums.sum()
    by_rep *= divide(sums.sum(), by_rep.sum())
    factor = np.where(use, divide(_rake(target, by_rep, sums.sum(axis=0)), sums), 1.0)
    return cells * factor[:, :, None], usual._replace(own=say @ weights)


def _find_table(levels: Levels, flat: Floats, effects: Effects) -> Floats:
    """Shares of each rep in each product, shape (reps, products)."""
    if levels.products == 1:
        return effects.share[:, None]
    own, products = flat[levels.rows[-1]].reshape(-1, levels.products, flat.shape[1]), flat[levels.rows[1]]
    of = [find_effects(own[:, p], products[p], prior=effects.share).share for p in range(levels.products)]
    return np.stack(of, axis=1)


def season_ahead(season: Floats, horizon: int) -> Floats:
    """What an average month ahead is of an average month of the year, shape (series,)."""
    return np.asarray(np.maximum(1.0 + season[:, np.arange(horizon) % YEAR], LOWEST).mean(axis=1))


def _rep_rows(levels: Levels, stack: Floats) -> Floats:
    return stack[levels.rows[-1 if levels.products == 1 else -2]]


def weigh_ways(
    levels: Levels, flats: Sequence[Floats], seasons: Sequence[Floats], cells: Floats, actual: Floats
) -> Floats:
    """How much each of `WAYS` is believed, from origins whose whole horizon is known; adds up to 1.

    What counts is the absolute error of shares of reps against that of the usual way, averaged with a prior.

    Parameters
    ----------
    flats, seasons : see `share_out`, at each origin, oldest first.
    cells, actual : forecast and truth, shape (origins, reps, products, horizon); nan = not known.
    """
    lost = np.zeros(len(WAYS))
    lengths = [f.shape[1] for f in flats]
    ahead = max((int((~np.isnan(a)).any(axis=(0, 1)).sum()) for a in actual), default=0)
    for flat, season, said, came in zip(flats, seasons, cells, actual, strict=True):
        known = ~np.isnan(came).any(axis=1, keepdims=True)
        if known.any(axis=(0, 1)).sum() == ahead:
            own, real = (np.where(known, x, 0.0).sum(axis=(1, 2)) for x in (said, came))
            shares, _ = _list_shares(levels, flat, season_ahead(season, ahead), own)
            lost += [_misallocate(share, real) for share in shares]
    years = (max(lengths) + ahead - min(lengths)) / YEAR if lost.all() else 0.0
    prior = np.array([way.prior for way in WAYS])
    ratio = (years * divide(lost, lost[:1]) + PRIOR_YEARS * prior) / (years + PRIOR_YEARS)
    say = (ratio / ratio.min()) ** -SHARPNESS
    say = np.where(say < LEAST_SAY * say.sum(), 0.0, say)
    return np.asarray(say / say.sum())


def _list_shares(
    levels: Levels, flat: Floats, ahead: Floats, own: Floats, asked: Bools | None = None
) -> tuple[Floats, Floats]:
    """Shares of reps by each of `WAYS`, adding up to 1, and weights of own history, shapes (ways, reps).

    Parameters
    ----------
    own : the reps' own forecasts; also the share of a rep who sold nothing in a window.
    asked : which ways are wanted, the others are zero; by default all.
    """
    shares, weights = np.zeros((len(WAYS), len(own))), np.ones((len(WAYS), len(own)))
    own = divide(np.maximum(own, 0.0), np.maximum(own, 0.0).sum())
    rows, factor = _rep_rows(levels, flat), _rep_rows(levels, ahead)
    found = {0: find_effects(rows, flat[0], roles=levels.role)}
    for i, way in enumerate(WAYS):
        if asked is not None and not asked[i]:
            continue
        if way.own:
            shares[i] = own
            continue
        if way.window not in found:
            found[way.window] = find_effects(rows, flat[0], way.window, noise=found[0].noise, roles=levels.role)
        effects = found[way.window]
        share = np.where(np.isnan(effects.share), own, effects.share)
        share *= factor if way.season else 1.0
        shares[i], weights[i] = divide(share, share.sum()), effects.own
    return shares, weights


def _misallocate(share: Floats, actual: Floats) -> float:
    """Money with the wrong rep, had what came been split so."""
    share = np.where(actual != 0, share, 0.0)
    return float(np.abs(share * (actual.sum() / share.sum()) - actual).sum()) if share.any() else 0.0


def _rake(table: Floats, rows: Floats, columns: Floats) -> Floats:
    """Scale rows and columns in turn to their totals (Deming & Stephan 1940)."""
    for _ in range(STEPS):
        table = table * divide(rows, table.sum(axis=1))[:, None]
        table = table * divide(columns, table.sum(axis=0))
    return table


def find_effects(
    series: Floats,
    whole: Floats,
    window: int = 0,
    prior: Floats | float = 1.0,
    noise: Floats | None = None,
    roles: Ints | None = None,
) -> Effects:
    """Shares from months without season, like for like.

    Parameters
    ----------
    series : shape (series, months), money; nan = missing.
    whole : what they are shares of, with missing months filled, shape (series, months) or (months,).
    window : see `Way`.
    prior : what the shares are thought to be in proportion to, shape (series,).
    noise : see `Effects`, where it is known already: a few months do not tell it.
    roles : the role of each, shape (series,); by default all have the same.

    A level is the sum of the months over that of the whole in the same months, weighted. Its logarithm, less that of
    the prior, moves towards the mean of its role by the empirical-Bayes weight ``noise / (noise + between²)`` (Efron &
    Morris 1973): noise is the variance of a month over the number of months there are, `between` is estimated from the
    levels (Paule & Mandel 1982), one for all roles. Where reps are alike, `between` is 0 and all are equal; where they
    differ, own history is all. Nobody is like the only one of a role: own history is all. The move is limited (Efron &
    Morris 1972), so that a star stays one.
    """
    whole = np.broadcast_to(whole, series.shape)
    seen = ~np.isnan(series) & (whole > 0)
    age = np.arange(series.shape[1])[::-1]
    weight = seen * (age < window if window else 0.5 ** (age / USUAL))
    sales, base = np.where(seen, series, 0.0), np.where(seen, whole, 0.0)
    level = divide((sales * weight).sum(axis=1), (base * weight).sum(axis=1))
    known = (level > 0) & (prior > 0)
    share, own = np.full(len(series), np.nan), np.ones(len(series))
    if not known.any():
        return Effects(share, own, 0.0, np.zeros(len(series)))
    month = _relative_noise(sales, base, level, seen) if noise is None else noise
    noise = (month * divide((weight**2).sum(axis=1), weight.sum(axis=1) ** 2))[known]
    expected = np.broadcast_to(prior, level.shape)[known]
    log = np.log(level[known] / expected)
    _, role = np.unique(np.zeros(log.size) if roles is None else roles[known], return_inverse=True)
    between, centre = _between(log, noise, role)
    spread = np.sqrt(between + noise)
    alone = np.bincount(role)[role] == 1
    own[known] = np.where((spread > 0) & ~alone, divide(between + 0 * noise, between + noise), 1.0)
    away = np.clip(divide(log - centre, spread), -FURTHEST, FURTHEST)
    share[known] = expected * np.exp(log - (1 - own[known]) * away * spread)
    return Effects(share, own, float(np.sqrt(between)), month)


def _relative_noise(sales: Floats, company: Floats, level: Floats, seen: Bools) -> Floats:
    """Variance of a month around its level over the level's square, half own, half of all."""
    expected = level[:, None] * company
    count = np.maximum(seen.sum(axis=1), 1)
    size = expected.sum(axis=1) / count
    variance = ((sales - np.where(seen, expected, 0.0)) ** 2).sum(axis=1) / np.maximum(count - 1, 1)
    whole = float((size**2).sum())
    common = float(variance.sum()) / whole if whole > 0 else 0.0
    own = np.divide(variance, size**2, out=np.zeros_like(size), where=size > 0)
    return np.asarray(OWN_NOISE * own + (1 - OWN_NOISE) * common)


def _between(log: Floats, noise: Floats, role: Ints) -> tuple[float, Floats]:
    """Variance between reps of a role beyond their noise, and the mean of each role (Paule & Mandel 1982)."""
    between, freedom = 0.0, len(log) - 1 - int(role.max())
    floor = 1e-12  # of the level's square
    centre = log
    for _ in range(STEPS):
        weight = 1.0 / (between + noise + floor)
        centre = (np.bincount(role, weight * log) / np.bincount(role, weight))[role]
        gap = weight * (log - centre) ** 2
        slope = float((weight * gap).sum())
        step = (float(gap.sum()) - freedom) / slope if slope > 0 else 0.0
        between = max(between + step, 0.0)
    return between, centre
