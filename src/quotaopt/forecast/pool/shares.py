"""Shares of reps in the company, and of reps in products: told in several ways, each as far as it was right before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import YEAR, Bools, Floats
from quotaopt.forecast.pool.effects import USUAL, Effects, find_effects
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.pool.members import Basis
from quotaopt.forecast.pool.season import LOWEST
from quotaopt.forecast.sums import divide

WINDOWS = (YEAR, 6, 3)  # last months that count alone
# A year or two is a small sample: that the others err this much more than the usual, and variants (seasons of the reps,
# months as they were) more than the plain way, counts as one year of back-test. About what was found on AdventureWorks,
# CRM, tourism and made-up data.
PRIOR_WINDOWS, PRIOR_OWN, PRIOR_VARIANT, PRIOR_YEARS = (1.02, 1.03, 1.05), 1.08, 0.02, 1.0
SHARPNESS, LEAST_SAY = 80.0, 0.02  # a way with 1 % more error has half the say; below two per cent it has none
STEPS = 50


class Way(NamedTuple):
    """One way to tell the shares of reps in the months ahead.

    Attributes
    ----------
    what : in words.
    prior : its error over that of the usual way, as long as there is nothing to learn from.
    window : last months that count; 0 counts all, half as much after `USUAL` months.
    season : reps have seasons of their own.
    own : each rep's own forecast stands.
    raw : months as they were. Only where there are as many as are ahead: then customers who order every few months come
        as often, and no season has to be known.
    """

    what: str
    prior: float
    window: int = 0
    season: bool = False
    own: bool = False
    raw: bool = False

    def fits(self, horizon: int) -> bool:
        """Whether it can tell of so many months ahead."""
        return not self.raw or self.window >= horizon


WAYS = (
    Way(f"months that count half after {USUAL:g}", 1.0),
    *(Way(f"the last {w} months", prior, w) for w, prior in zip(WINDOWS, PRIOR_WINDOWS, strict=True)),
)
_SEASONAL = tuple(way._replace(prior=way.prior + PRIOR_VARIANT, season=True) for way in WAYS)
_RAW = tuple(way._replace(prior=way.prior + PRIOR_VARIANT, raw=True) for way in WAYS if 0 < way.window < YEAR)
WAYS += _SEASONAL + _RAW
WAYS += (Way("each rep's own forecast", PRIOR_OWN, own=True),)


def share_out(levels: Levels, known: Basis, cells: Floats, say: Floats) -> tuple[Floats, Effects]:
    """Give each rep its share of the company, and each rep × product its share of the product.

    Sums over the horizon change; the pattern of the months, the company's sum and the products' stay. A rep's share
    of a product is thought to be its share of the company. Cells without sales to scale stay as they are.

    Parameters
    ----------
    cells : forecast, shape (reps, products, horizon).
    say : weight of each of `WAYS`, see `weigh_ways`; shares of reps are their weighted mean.

    Returns
    -------
    The cells, and the effects of the reps: as usual, but for the weight of own history, which is the ways' mean.
    """
    usual = find_effects(_money(known, levels.reps), _money(known, 0), roles=levels.role)
    own = say[-1]
    if own == 1:
        return cells, usual
    sums, ahead = cells.sum(axis=2), season_ahead(known.season, cells.shape[2])
    table = _find_table(levels, known, usual)
    use = (sums > 0) & (table > 0)
    sums = np.where(use, sums, 0.0)
    seasonal = float(say @ [way.season for way in WAYS]) / (1 - own)
    table = np.where(use, table * levels.cells(ahead[:, None])[:, :, 0] ** seasonal, 0.0)
    target = own * sums + (1 - own) * table * divide(sums.sum(axis=0), table.sum(axis=0))
    shares, weights = _list_shares(levels, known, ahead, sums.sum(axis=1), say > 0)
    by_rep = np.einsum("w,wr->r", say, shares * (sums > 0).any(axis=1)) * sums.sum()
    by_rep *= divide(sums.sum(), by_rep.sum())
    factor = np.where(use, divide(_rake(target, by_rep, sums.sum(axis=0)), sums), 1.0)
    return cells * factor[:, :, None], usual._replace(own=say @ weights)


def _find_table(levels: Levels, known: Basis, effects: Effects) -> Floats:
    """Shares of each rep in each product, shape (reps, products)."""
    if levels.products == 1:
        return effects.share[:, None]
    products = _money(known, levels.rows[1])
    own = _money(known, levels.rows[-1]).reshape(-1, *products.shape)
    of = [find_effects(own[:, p], products[p], prior=effects.share).share for p in range(levels.products)]
    return np.stack(of, axis=1)


def season_ahead(season: Floats, horizon: int) -> Floats:
    """What an average month ahead is of an average month of the year, shape (series,)."""
    return np.asarray(np.maximum(1.0 + season[:, np.arange(horizon) % YEAR], LOWEST).mean(axis=1))


def _money(known: Basis, rows: slice | int, raw: bool = False) -> Floats:
    """History of some series in money, without season or as it was, shape (series, months)."""
    table = known.history if raw else known.flat
    return np.asarray((table[rows].T * known.scale[rows]).T)


def weigh_ways(levels: Levels, known: Sequence[Basis], cells: Floats, actual: Floats) -> Floats:
    """How much each of `WAYS` is believed, from origins whose whole horizon is known; adds up to 1.

    What counts is the absolute error of shares of reps against that of the usual way, averaged with a prior.

    Parameters
    ----------
    known : at each origin, oldest first.
    cells, actual : forecast and truth, shape (origins, reps, products, horizon); nan = not known.
    """
    lost = np.zeros(len(WAYS))
    lengths = [x.history.shape[1] for x in known]
    ahead = max((int((~np.isnan(a)).any(axis=(0, 1)).sum()) for a in actual), default=0)
    for x, said, came in zip(known, cells, actual, strict=True):
        there = ~np.isnan(came).any(axis=1, keepdims=True)
        if there.any(axis=(0, 1)).sum() == ahead:
            own, real = (np.where(there, table, 0.0).sum(axis=(1, 2)) for table in (said, came))
            shares, _ = _list_shares(levels, x, season_ahead(x.season, ahead), own)
            lost += [_misallocate(share, real) for share in shares]
    years = (max(lengths) + ahead - min(lengths)) / YEAR if lost.all() else 0.0
    prior = np.array([way.prior for way in WAYS])
    ratio = (years * divide(lost, lost[:1]) + PRIOR_YEARS * prior) / (years + PRIOR_YEARS)
    fits = np.array([way.fits(cells.shape[3]) for way in WAYS])
    say = np.where(fits, (ratio / ratio[fits].min()) ** -SHARPNESS, 0.0)
    say = np.where(say < LEAST_SAY * say.sum(), 0.0, say)
    return np.asarray(say / say.sum())


def _list_shares(
    levels: Levels, known: Basis, ahead: Floats, own: Floats, asked: Bools | None = None
) -> tuple[Floats, Floats]:
    """Shares of reps by each of `WAYS`, adding up to 1, and weights of own history, shapes (ways, reps).

    Parameters
    ----------
    own : the reps' own forecasts; also the share of a rep who sold nothing in a window.
    asked : which ways are wanted, the others are zero; by default all.
    """
    shares, weights = np.zeros((len(WAYS), len(own))), np.ones((len(WAYS), len(own)))
    own = divide(np.maximum(own, 0.0), np.maximum(own, 0.0).sum())
    factor = ahead[levels.reps]

    @cache
    def find(window: int, raw: bool) -> Effects:
        reps, company = _money(known, levels.reps, raw), _money(known, 0, raw)
        noise = find(0, False).noise if window else None
        return find_effects(reps, company, window, noise=noise, roles=levels.role)

    for i, way in enumerate(WAYS):
        if asked is not None and not asked[i]:
            continue
        if way.own:
            shares[i] = own
            continue
        effects = find(way.window, way.raw)
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
