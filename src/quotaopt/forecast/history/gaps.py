"""Missing or zero: no record of one product is a month without sales, no record of anything may be a lost file."""

from __future__ import annotations

import numpy as np

from quotaopt.forecast.panel import Bools, Floats

# Fewer months without anything than this are expected of a rep over the whole history: then one is a surprise.
RARE = 1.0
# A rep who has records in fewer months than this share does not sell every month.
MOST_MONTHS = 2 / 3
FEWEST = 6


def find_gaps(recorded: Bools, sales: Floats) -> Bools:
    """Months that are missing rather than zero, shape (reps, months).

    A month without a record of any product, between two months with records, of a rep who otherwise sells so regularly
    that a month without anything would be a surprise. Two things say how likely one is: the share of months each
    product sells in, as if products were independent; and how much the rep's months vary, as a sum of independent
    orders of variation v is zero with a probability of at most ``exp(−1 / v²)`` (compound Poisson).

    Parameters
    ----------
    recorded : the rep has a record, be it of 0, shape (reps, months).
    sales : money, shape (reps, products, months).
    """
    before, after = (np.maximum.accumulate(r, axis=1) for r in (recorded, recorded[:, ::-1]))
    inside = before & after[:, ::-1]
    count, span = recorded.sum(axis=1), inside.sum(axis=1)
    sold = (sales != 0).sum(axis=2) / np.maximum(count, 1)[:, None]
    none = np.prod(1.0 - np.minimum(sold, 1.0), axis=1)
    variance = _vary(recorded, sales.sum(axis=1))
    none = np.maximum(none, np.exp(-1.0 / np.maximum(variance, 1e-12)))
    regular = (count >= FEWEST) & (count >= MOST_MONTHS * span) & (span * none < RARE)
    return np.asarray(inside & ~recorded & regular[:, None] & recorded.any(axis=0))


def _vary(recorded: Bools, totals: Floats) -> Floats:
    """Squared coefficient of variation of each rep's months around what the company's do, shape (reps,).

    From differences of neighbouring months over their sum, which growth and seasons hardly touch (as von Neumann 1941):
    for gamma-distributed months of shape k their mean square is ``1 / (2k + 1)``. One standard error on the safe side.
    """
    totals = np.where(recorded, np.maximum(totals, 0.0), 0.0)
    mean = totals.sum(axis=1) / np.maximum(recorded.sum(axis=1), 1)
    usual = mean @ recorded
    company = np.divide(totals.sum(axis=0), usual, out=np.ones_like(usual), where=usual > 0)
    level = totals / np.where(company > 0, company, 1.0)
    first, second = level[:, :-1], level[:, 1:]
    both = recorded[:, :-1] & recorded[:, 1:] & (first + second > 0)
    apart = np.where(both, (first - second) / np.where(both, first + second, 1.0), 0.0)
    pairs = np.maximum(both.sum(axis=1), 1)
    square = np.minimum((apart**2).sum(axis=1) / pairs * (1 + 1 / np.sqrt(pairs)), 0.9)
    return np.asarray(2 * square / (1 - square))
