"""How far sales may stray from the forecast: error paths of the pseudo-origins, split along company → … → cell.

Every cell's path is the sum of one part for each level: what the company, the region, the product, the rep missed
together, and the cell's own rest. Parts of one level add up to zero within the group above, so that each total strays
as its own forecasts did, not more and not less.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from quotaopt.forecast.panel import Bools, Floats, Ints, Panel, Texts
from quotaopt.forecast.sums import sum_groups

# A year's error is seen only a few times, as pseudo-origins overlap: besides those of the series itself, this many
# years of what is usual for the level tell its size (a level of one series has none to learn from) ...
BORROWED = 2.0
# ... and what is known before any history counts as this many years, so that the width stays finite.
ASSUMED = 4.0
MOST_RESIZED = (
    1.5  # errors of a series that grew or shrank since, or was calm by luck, count up to this much more or less
)
TAIL = 0.9  # widths are right at the 80 % interval


@dataclass(frozen=True, eq=False)
class Part:
    """What one level adds to the paths of its cells.

    Attributes
    ----------
    pattern, year : deviation of each month from the path's mean, and that mean, already widened; shapes
        (groups, horizon, origins) and (groups, origins). They are added up with the same weights.
    group : group of each cell, shape (reps × products,).
    share : share of each cell in its group, shape (reps × products,).
    """

    pattern: Floats
    year: Floats
    group: Ints
    share: Floats


def split_paths(panel: Panel, errors: Floats, scale: Floats, years: float) -> tuple[Part, ...]:
    """Parts of company, region, product, rep and cell; their sum is `errors` before they are widened.

    Each level takes its group's total of what the levels before left over, spread over the group's cells half in
    proportion to the variance of their errors, half to their size.

    Parameters
    ----------
    errors : complete error paths, shape (origins, reps, products, horizon).
    scale : size of each cell, shape (reps, products).
    years : how many horizons of errors do not overlap.
    """
    rest = np.moveaxis(errors.reshape(len(errors), -1, errors.shape[3]), 0, -1).copy()
    variance, size = np.mean(rest**2, axis=(1, 2)), scale.ravel()
    out = []
    for group, above in groups_of(panel):
        share = (_share(variance, group, size) + _share(size, group, size)) / 2
        if group.size == group[-1] + 1:
            own, rest = rest, np.zeros_like(rest)
        else:
            own = sum_groups(rest, group, int(group.max()) + 1)
            rest = rest - own[group] * share[:, None, None]
        parent = np.zeros(len(own), dtype=np.int64)
        parent[group] = above
        weight = np.bincount(group, weights=size, minlength=len(own)).astype(np.float64)
        pattern, year = widen(own, _share(weight, parent, weight), parent, years)
        out.append(Part(pattern, year, group, share))
    return tuple(out)


def groups_of(panel: Panel) -> list[tuple[Ints, Ints]]:
    """Group of each cell at each level, and the group above within which its parts add up to zero."""
    n_reps, n_products = len(panel.reps), len(panel.products)
    _, region = np.unique(panel.region.astype(str), return_inverse=True)
    rep = np.repeat(np.arange(n_reps), n_products)
    place, product = region[rep], np.tile(np.arange(n_products), n_reps)
    company = np.zeros_like(rep)
    return [(company, company), (place, company), (product, company), (rep, place), (np.arange(rep.size), rep)]


def widen(own: Floats, share: Floats, parent: Ints, years: float) -> tuple[Floats, Floats]:
    """Month pattern and year-long part of paths (groups, horizon, origins), the latter as wide as it may really be.

    Its variance is shrunk towards what is usual beside the variance of the pattern, which many more months tell
    (empirical Bayes); and as it is still estimated from few years, the interval is that of Student's t with the
    degrees of freedom of those years and the borrowed ones: ``t(0.9, ν) / z(0.9)`` times as wide.
    """
    from scipy.special import ndtri, stdtrit

    year = own.mean(axis=1)
    pattern = own - year[:, None, :]
    borrowed = BORROWED * (1 - 1 / len(own))
    seen, noise = np.mean(year**2, axis=1), np.mean(pattern**2, axis=(1, 2))
    known = (noise > 0) & (seen > 0)
    if known.sum() > 1:
        ratio = seen[known] / noise[known]
        usual = np.mean(np.minimum(ratio, np.quantile(ratio, 0.95))) * noise[known]
        factor = np.ones(len(own))
        factor[known] = np.sqrt((years + borrowed * usual / seen[known]) / (years + borrowed))
        year = year * np.clip(factor, 1 / MOST_RESIZED, MOST_RESIZED)[:, None]
        if len(own) > int(parent.max()) + 1:
            year = year - sum_groups(year, parent, int(parent.max()) + 1)[parent] * share[:, None]
    reach = float(stdtrit(years + ASSUMED + borrowed, TAIL) / ndtri(TAIL))
    return pattern, year * reach


def _share(part: Floats, group: Ints, otherwise: Floats) -> Floats:
    """Each one's share of its group's total; of the total of `otherwise` where there is none, else even."""
    out = np.ones(len(part)) / np.bincount(group)[group]
    for amount in (otherwise, part):
        total = np.bincount(group, weights=amount)[group]
        out = np.where(total > 0, amount / np.where(total > 0, total, 1.0), out)
    return np.asarray(out)


def complete_paths(panel: Panel, errors: Floats, scale: Floats, scales: Floats) -> Floats:
    """Error paths in today's size without gaps, shape (origins, reps, products, horizon).

    Months not known yet go on as a mirror image of those known: the level stays off, the noise goes on. A cell without
    any at one origin takes those of the nearest later origin, or else the last; one without any at all takes, origin
    by origin, those of some other rep with the same product.
    """
    grown = np.where(scales > 0, scale, 1.0) / np.where(scales > 0, scales, 1.0)
    grown = np.clip(grown, 1 / MOST_RESIZED, MOST_RESIZED)
    out = np.moveaxis(_mirror(errors * grown[..., None]), 0, 2)
    known: Bools = np.asarray(~np.isnan(out[..., 0]))
    origins = known.shape[2]
    at = np.where(known, np.arange(origins), origins)
    later = np.minimum.accumulate(at[..., ::-1], axis=2)[..., ::-1]
    nearest = np.where(later < origins, later, np.where(known, np.arange(origins), -1).max(axis=2, keepdims=True))
    out = np.take_along_axis(out, np.maximum(nearest, 0)[..., None], axis=2)
    has: Bools = np.asarray(known.any(axis=2))
    count = has.sum(axis=1)
    lacking: Bools = np.asarray(~has.all(axis=1))
    if lacking.any():
        donor = pick_donors(np.array(panel.reps, dtype=object)[lacking], panel.reps, count == count.max(), origins)
        lent = lend(out, scale, donor, scale[lacking])
        out[lacking] = np.where(has[lacking][:, :, None, None], out[lacking], lent)
    return np.nan_to_num(np.moveaxis(out, 2, 0))


def _mirror(errors: Floats) -> Floats:
    """Fill what is missing along the last axis with what is known, back and forth from the end."""
    gap = np.isnan(errors).any(axis=-1) & ~np.isnan(errors).all(axis=-1)
    if not gap.any():
        return errors
    rows = errors[gap]
    missing = np.isnan(rows)
    count = (~missing).sum(axis=1)[:, None]
    ordered = np.take_along_axis(rows, np.argsort(missing, axis=1, kind="stable"), axis=1)
    turn = (np.cumsum(missing, axis=1) - 1) % (2 * count)
    at = np.where(turn < count, count - 1 - turn, turn - count)
    out = errors.copy()
    out[gap] = np.where(missing, np.take_along_axis(ordered, np.maximum(at, 0), axis=1), rows)
    return out


def lend(paths: Floats, scale: Floats, donor: Ints, size: Floats) -> Floats:
    """Paths (reps, products, origins, …) of the donors (borrowers, origins), in the borrowers' size."""
    lent = np.moveaxis(paths[donor, :, np.arange(donor.shape[1])], 1, 2)
    given = np.moveaxis(scale[donor], 1, 2)
    ratio = size[:, :, None] / np.where(given > 0, given, np.inf)
    return np.asarray(lent * ratio.reshape(*ratio.shape, *[1] * (lent.ndim - 3)))


def pick_donors(borrowers: Texts, reps: tuple[str, ...], lends: Bools, origins: int) -> Ints:
    """A rep who lends for each borrower and origin, shape (borrowers, origins); depends on names, not on order."""
    names = np.array(reps, dtype=object)
    pool = np.flatnonzero(lends)
    if not pool.size:
        return np.zeros((len(borrowers), origins), dtype=np.int64)
    pool = pool[np.argsort(names[pool].astype(str))]
    start = [int.from_bytes(digest("donor", str(name))[:4]) for name in borrowers]
    return np.asarray(pool[(np.array(start)[:, None] + np.arange(origins)) % pool.size])


def digest(*words: str) -> bytes:
    """16 bytes that depend on these words only."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).digest()
