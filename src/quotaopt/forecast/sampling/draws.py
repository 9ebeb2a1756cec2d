"""Joint sample paths: what could be sold, month by month, of every rep × product at once.

A draw is the mean plus error paths of the pseudo-origins (see `paths`): each part of each level takes those of two
origins drawn at random, turned into each other by a random angle, all groups below one parent the same two. What goes
together in the past thus goes together in a draw, months as well as series, and every total is the sum of its cells.
A level-wise block bootstrap; the turn keeps the variance and fills the gaps between few origins.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from quotaopt.forecast.methods import recent_level
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel
from quotaopt.forecast.peers import Peers
from quotaopt.forecast.pool.outlook import Outlook
from quotaopt.forecast.sampling.hires import add_hires
from quotaopt.forecast.sampling.paths import Part, complete_paths, digest, split_paths

MOST_NUMBERS = 25_000_000  # reps × months × draws kept in memory; very many reps get fewer draws
LEAST_DRAWS = 50
BLOCK_NUMBERS = 1_000_000  # cells × months × draws at a time: about what stays in a processor's cache
THREADS = 2
RECENT = 2 * YEAR  # months whose zeros are counted, and drawn from where there are many
SPARSE = 0.25  # share of zero months from which a series draws its own months


class Summary(NamedTuple):
    """What is kept of the draws.

    Attributes
    ----------
    low, high : bounds of the central interval of each cell's month, shape (reps, products, months).
    reps, products : sample paths of each rep's and each product's months, shapes (reps, months, draws) and
        (products, months, draws); the latter of what is held only.
    """

    low: Floats
    high: Floats
    reps: Floats
    products: Floats


@dataclass(frozen=True, eq=False)
class Draws:
    """Sample paths of a panel's cells, made block by block when asked for; the same whenever, in any order of reps.

    Attributes
    ----------
    panel : the history, of all reps.
    mean : what the draws' mean is, shape (reps, products, months).
    parts : error paths of company, region, product, rep and cell.
    keys : names of the random streams, for each rep: of the rep-level part and of the cells.
    doubt : relative standard deviation of a new hire's level, 0 for mature reps, shape (reps,).
    samples, seed : number of draws, and what they start from.
    """

    panel: Panel
    mean: Floats
    parts: tuple[Part, ...]
    keys: tuple[tuple[str, str], ...]
    doubt: Floats
    samples: int
    seed: int

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Blocks of reps and their sample paths, shape (reps, products, months, draws)."""
        for block in self._slices():
            yield block, self.draw(block)

    def summarise(self, level: float, held: Floats | None = None) -> Summary:
        """Central `level` intervals of cells, and sample paths of reps and products.

        Parameters
        ----------
        held : how much of a rep's month counts in its products' paths, shape (reps, months); by default all.
        """
        n_reps, n_products, months = self.mean.shape
        low, high = np.empty_like(self.mean), np.empty_like(self.mean)
        reps = np.empty((n_reps, months, self.samples))
        products = np.zeros((n_products, months, self.samples))
        tails = ((1 - level) / 2, (1 + level) / 2)

        def condense(block: slice) -> tuple[Floats, Floats, Floats]:
            paths = self.draw(block)
            by_rep = paths.sum(axis=1)
            by_product = paths.sum(axis=0) if held is None else np.einsum("rptb,rt->ptb", paths, held[block])
            return by_rep, by_product, np.quantile(paths, tails, axis=3, overwrite_input=True)

        slices = self._slices()
        with ThreadPoolExecutor(THREADS) as pool:
            for block, (by_rep, by_product, bounds) in zip(slices, pool.map(condense, slices), strict=True):
                reps[block] = by_rep
                products += by_product
                low[block], high[block] = bounds
        return Summary(np.minimum(low, self.mean), np.maximum(high, self.mean), reps, products)

    def draw(self, block: slice) -> Floats:
        """Sample paths of these reps, shape (reps, products, months, draws)."""
        mean = self.mean[block]
        n_reps, n_products, months = mean.shape
        loads = self._loads(block).reshape(n_reps, n_products * months, -1)
        paths = (loads @ self._weights(block)).reshape(*mean.shape, self.samples)
        paths += (mean - paths.mean(axis=3))[..., None]
        values = self.panel.values[block]
        # The few months of a new hire are no distribution.
        sparse = _is_sparse(values[:, :, -RECENT:]) & self.panel.mature[block, None]
        if sparse.any():
            paths[sparse] = draw_own_months(values[sparse][:, -RECENT:], mean[sparse], paths[sparse])
        if (doubt := self.doubt[block]).any():
            turn = np.stack([_normal(self.seed, own, self.samples) for _, own in self.keys[block]])
            paths *= np.exp(doubt[:, None] * turn)[:, None, None, :]
        return restore(paths, mean, np.any(values < 0, axis=2))

    def _slices(self) -> list[slice]:
        n_reps, n_products, months = self.mean.shape
        step = max(1, BLOCK_NUMBERS // max(n_products * months * self.samples, 1))
        return [slice(i, min(i + step, n_reps)) for i in range(0, n_reps, step)]

    def _weights(self, block: slice) -> Floats:
        """How much of each origin's path goes into each draw, shape (reps, parts × origins, draws)."""
        origins = self.parts[0].year.shape[1]
        out = []
        for above, own in self.keys[block]:
            turned, plain = self._turn(own)
            out.append(np.concatenate([self._common, self._turn(above)[0], plain, turned]))
        return np.stack(out) if out else np.zeros((0, 6 * origins, self.samples))

    @cached_property
    def _common(self) -> Floats:
        """The weights that are the same for all reps."""
        return np.concatenate([self._turn(name)[0] for name in ("company", "region", "product")])

    def _turn(self, name: str) -> tuple[Floats, Floats]:
        """Two origins turned into each other by a random angle, and the first of them alone, (origins, draws)."""
        origins = self.parts[0].year.shape[1]
        draw = np.arange(self.samples)
        raw = _random(self.seed, name, 3 * self.samples).reshape(3, -1)
        first, second = (np.minimum((u * origins).astype(np.int64), origins - 1) for u in raw[:2])
        angle = 2 * np.pi * raw[2]
        turned, plain = np.zeros((2, origins, self.samples))
        turned[first, draw] = np.cos(angle)
        turned[second, draw] += np.sin(angle)
        plain[first, draw] = 1.0
        return turned, plain

    def _loads(self, block: slice) -> Floats:
        """Error paths by origin, in money of each cell, shape (reps, products, months, parts × origins)."""
        n_reps, n_products, months = self.mean[block].shape
        cells = slice(block.start * n_products, block.stop * n_products)
        out = []
        for part in self.parts:
            group, share = part.group[cells], part.share[cells, None, None]
            year = np.broadcast_to(part.year[group][:, None, :], (group.size, months, part.year.shape[1]))
            # The cells' own pattern is not turned: it keeps its skewness.
            own = [part.pattern[group], year] if part is self.parts[-1] else [part.pattern[group] + year]
            out += [x * share for x in own]
        return np.concatenate(out, axis=2).reshape(n_reps, n_products, months, -1)


def make_draws(
    panel: Panel, outlook: Outlook, mean: Floats, peers: Peers | None = None, samples: int = 400, seed: int = 0
) -> Draws:
    """Sample paths around `mean`.

    Parameters
    ----------
    panel : the history of all reps.
    outlook : what is said of the mature ones, and how wrong it was.
    mean : shape (reps, products, months), the last months of the outlook's horizon.
    peers : what new hires borrow; without it all reps are those of the outlook.
    samples : number of draws; fewer with very many reps, see `MOST_NUMBERS`.
    """
    months = mean.shape[2]
    most = max(LEAST_DRAWS, MOST_NUMBERS // max(mean.shape[0] * months, 1))
    samples = min(samples, most)
    keys = [("reps of " + str(region), "cells of " + rep) for rep, region in zip(panel.reps, panel.region, strict=True)]
    doubt = np.zeros(len(panel.reps))
    if not outlook.mean.size:
        parts = split_paths(panel, np.zeros((1, *mean.shape)), np.abs(mean).mean(axis=2), 0.5)
        return Draws(panel, mean, parts, tuple(keys), doubt, samples, seed)
    mature = panel if peers is None else panel.of(panel.mature)
    parts = _measure_parts(mature, outlook, months)
    if peers is not None and not panel.mature.all():
        parts = add_hires(panel, peers, parts, outlook.scale, np.abs(mean).mean(axis=2))
        doubt = np.where(panel.mature, 0.0, np.sqrt(1 - peers.own_weight) * peers.between)
        keys = [k if old else (k[1] + " alone", k[1]) for k, old in zip(keys, panel.mature, strict=True)]
    return Draws(panel, mean, parts, tuple(keys), doubt, samples, seed)


def _measure_parts(panel: Panel, outlook: Outlook, months: int) -> tuple[Part, ...]:
    """Parts of the mature reps' errors in the last months of the horizon."""
    if outlook.origins:
        errors, scales = outlook.errors[..., -months:], outlook.scales
        years = max((panel.length - outlook.origins[0]) / months, 0.5)
    else:
        errors, scales, years = *_guess(panel, months), 0.5
    return split_paths(panel, complete_paths(panel, errors, outlook.scale, scales), outlook.scale, years)


def _guess(panel: Panel, months: int) -> tuple[Floats, Floats]:
    """Error paths without a back-test: each month known may be the level that lasts. With their scales."""
    off = np.moveaxis(panel.values - recent_level(panel)[:, :, None], 2, 0)
    return np.repeat(off[..., None], months, axis=3), np.zeros(off.shape)


def draw_own_months(values: Floats, mean: Floats, paths: Floats) -> Floats:
    """Months of sparse series drawn from those they had, in the order of `paths`, so that they go with the others.

    Each month of a draw takes that of the series' recent months, relative to their mean, whose rank is its own rank
    among the draws (Schaake shuffle, Clark et al. 2004).

    Parameters
    ----------
    values : recent months, shape (series, months known); nan = not seen.
    mean, paths : shape (series, months) and (series, months, draws).
    """
    draws = paths.shape[2]
    count = (~np.isnan(values)).sum(axis=1)[:, None]
    pick = (np.arange(draws) * count) // draws
    ladder = np.take_along_axis(np.sort(values, axis=1), pick, axis=1)
    ladder = ladder / ladder.mean(axis=1, keepdims=True)
    out = np.empty_like(paths)
    np.put_along_axis(out, np.argsort(paths, axis=2), mean[:, :, None] * ladder[:, None, :], axis=2)
    return out


def restore(paths: Floats, mean: Floats, returns: Bools) -> Floats:
    """Never below zero in series without returns, none in months forecast zero, and the mean as it was; in place."""
    kept = returns[:, :, None] & (mean != 0)
    signed = paths[kept]
    np.maximum(paths, 0.0, out=paths)
    found = paths.mean(axis=3)
    paths *= np.where(found > 0, np.maximum(mean, 0.0) / np.where(found > 0, found, 1.0), 0.0)[..., None]
    if signed.size:
        paths[kept] = signed + (mean[kept] - signed.mean(axis=1))[:, None]
    return paths


def _is_sparse(values: Floats) -> Bools:
    """Many zero months, some sales and no returns that would outweigh them, shape (reps, products)."""
    seen = ~np.isnan(values)
    zero = (values == 0).sum(axis=2)
    return np.asarray((zero > SPARSE * seen.sum(axis=2)) & (np.where(seen, values, 0.0).sum(axis=2) > 0))


def _random(seed: int, name: str, count: int) -> Floats:
    """Uniform numbers in [0, 1) of a stream of their own, from Philox keyed by seed and name."""
    key = int.from_bytes(digest(str(seed), name), "little")
    return np.asarray((np.random.Philox(key=key).random_raw(count) >> np.uint64(11)) * 2.0**-53)


def _normal(seed: int, name: str, count: int) -> Floats:
    """Standard normal numbers, one from each of `count` equal parts of the distribution, in random order."""
    from scipy.special import ndtri

    order = np.argsort(_random(seed, "level of " + name, count))
    return np.asarray(ndtri((order + 0.5) / count))
