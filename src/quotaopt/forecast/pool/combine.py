"""`auto`: the pooled forecast, or the naive at the levels where it has proved better, so that everything adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quotaopt.forecast.backtest import LEVELS, Backtest, total_by
from quotaopt.forecast.panel import YEAR, Floats

NAIVE, POOLED = "seasonal_naive", "pipeline"
MEMBERS = (NAIVE, POOLED)

TIE = 0.01  # a back-test that is one per cent behind has not lost
# With this few series a level counts half: the company's sum is one number a year.
FEW = 5.0
# What one part of a back-test of a year or two says is a small sample. On public panels the pooled forecast had nine
# tenths of the naive's error; that counts as much as two years of back-test of very many series.
PRIOR_RATIO, PRIOR_YEARS = 0.9, 2.0
ROUNDING, MOST_RATIO = 1e-9, 10.0

# Levels whose errors of months (True) or of sums (False) tell whether to trust the cells, the rep sums, the company.
JUDGED_BY = {
    "cell": (("cell", True), ("product", True)),
    "rep": (("rep", False), ("region", False)),
    "all": (("all", True), ("all", False)),
}


@dataclass(frozen=True)
class Choice:
    """The method used for rep × product × month, for the rep's sum over the horizon, and for the company's months."""

    cell: str = NAIVE
    rep: str = NAIVE
    all: str = NAIVE

    def __str__(self) -> str:
        parts = [self.cell]
        parts += [f"rep sums {self.rep}"] if self.rep != self.cell else []
        parts += [f"company months {self.all}"] if self.all != self.cell else []
        return ", ".join(parts)

    @classmethod
    def same(cls, method: str) -> Choice:
        """One method for everything."""
        return cls(method, method, method)

    def combine(self, means: Mapping[str, Floats]) -> Floats:
        """Cells of one method, scaled to the rep sums of another, then to the company's months of a third.

        Shapes (..., reps, products, horizon). A total that is not positive scales nothing.
        """
        out = means[self.cell]
        if self.rep != self.cell:
            out = out * _scale(means[self.rep], out, (-2, -1))
        if self.all != self.cell or self.rep != self.cell:
            out = out * _scale(means[self.all], out, (-3, -2))
        return out


def _scale(wanted: Floats, given: Floats, axes: tuple[int, int]) -> Floats:
    """Factors that bring the totals of `given` over `axes` to those of `wanted`."""
    total, have = (np.nansum(x, axis=axes, keepdims=True) for x in (wanted, given))
    usable = (total > 0) & (have > 0)
    return np.where(usable, total / np.where(usable, have, 1.0), 1.0)


def choose(test: Backtest) -> tuple[Choice, Backtest]:
    """The choice `auto` makes, and the back-test with what it would have said.

    The naive where there is no back-test (with less than a year it is the mean), and where the back-test loses: where
    the pooled forecast's error of a month is above the naive's, as the geometric mean of all levels by their number of
    series. Else the naive for cells, rep sums or the company's months alone, where it is above for them after being
    averaged with a prior by years and series tested: a part of a short back-test tells little.
    """
    means = {name: np.nan_to_num(p) for name, p in test.predicted.items()}
    hide = np.isnan(test.actual)
    best = _choose(test, means) if test.origins else Choice()
    means["auto"] = best.combine(means)
    return best, replace(test, predicted={n: np.where(hide, np.nan, m) for n, m in means.items()})


def _choose(test: Backtest, means: Mapping[str, Floats]) -> Choice:
    whole = np.array([_compare(test, means, level, months=True) for level in LEVELS])
    if np.average(np.log(whole[:, 0]), weights=whole[:, 1] / (whole[:, 1] + FEW)) > TIE:
        return Choice()
    return Choice(**{part: _judge(test, means, asked) for part, asked in JUDGED_BY.items()})


def _judge(test: Backtest, means: Mapping[str, Floats], asked: Sequence[tuple[str, bool]]) -> str:
    """The better of the two for a part: by the ratio of their errors, averaged with the prior."""
    years = (test.panel.length - min(test.origins)) / YEAR
    lost, weight = PRIOR_YEARS * np.log(PRIOR_RATIO), PRIOR_YEARS
    for level, months in asked:
        ratio, series = _compare(test, means, level, months)
        say = years * series / (series + FEW) / len(asked)
        lost += say * np.log(ratio)
        weight += say
    return NAIVE if lost / weight > ROUNDING else POOLED


def _compare(test: Backtest, means: Mapping[str, Floats], level: str, months: bool) -> tuple[float, int]:
    """Absolute error of the pooled forecast over the naive's, of months or of sums, and of how many series.

    1 where neither errs; within a tenth and ten times.
    """
    actual = total_by(test.actual, test.panel, level)
    errors = []
    for name in MEMBERS:
        error = total_by(means[name], test.panel, level) - actual
        errors.append(float(np.abs(error if months else error.sum(axis=2)).sum()))
    least = ROUNDING * float(np.abs(actual).sum())
    naive, pooled = (error if error > least else 0.0 for error in errors)
    ratio = pooled / naive if naive > 0 else float("inf" if pooled > 0 else 1)
    return float(np.clip(ratio, 1 / MOST_RATIO, MOST_RATIO)), actual.shape[1]
