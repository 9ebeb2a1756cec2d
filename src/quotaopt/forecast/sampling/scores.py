"""How good a distribution was: scaled CRPS, and coverage and width of its central interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quotaopt.forecast.panel import Floats

QUANTILES = np.arange(1, 20) / 20


class Tally(NamedTuple):
    """Sums over series and months, so that tallies of blocks and origins add up.

    Attributes
    ----------
    loss : continuous ranked probability score, in money.
    size : absolute sales, in money.
    inside, width, counted : how often sales were inside the interval, its width in money, and how many were counted.
    """

    loss: float = 0.0
    size: float = 0.0
    inside: float = 0.0
    width: float = 0.0
    counted: float = 0.0

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def crps(self) -> float:
        """Scaled CRPS: that of all, over the absolute sales of all."""
        return self.loss / self.size if self.size else float("nan")

    @property
    def coverage(self) -> float:
        """Share inside the interval."""
        return self.inside / self.counted if self.counted else float("nan")

    @property
    def mean_width(self) -> float:
        """Width of the intervals over absolute sales."""
        return self.width / self.size if self.size else float("nan")


def tally(paths: Floats, actual: Floats, level: float) -> Tally:
    """Score draws (..., draws) against what came (...); nan where it is not known.

    ``CRPS = 2 ∫ max(q (y − x_q), (q − 1)(y − x_q)) dq`` as the mean over 19 quantiles x_q, q = 0.05 … 0.95 (Laio &
    Tamea 2007), over mean ``|y|``: the measure of Rangapuram et al. (2021). Where every draw is zero nothing was said
    of how far sales may stray: such a month counts in CRPS, not in coverage.
    """
    known = ~np.isnan(actual)
    paths, actual = paths[known], actual[known]
    if not actual.size:
        return Tally()
    *found, low, high = np.quantile(paths, [*QUANTILES, (1 - level) / 2, (1 + level) / 2], axis=-1)
    error = actual - np.stack(found)
    q = QUANTILES[:, None]
    loss = 2 * np.maximum(q * error, (q - 1) * error).mean(axis=0).sum()
    said = (paths != 0).any(axis=-1)
    # Draws that agree differ by rounding.
    slack = 1e-9 * np.abs(actual)
    inside = said & (actual >= low - slack) & (actual <= high + slack)
    return Tally(
        float(loss), float(np.abs(actual).sum()), float(inside.sum()), float((high - low).sum()), float(said.sum())
    )
