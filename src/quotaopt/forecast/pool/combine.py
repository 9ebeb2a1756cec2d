"""`auto`: the pooled forecast, or the naive at the levels where it has proved better, so that everything adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quotaopt.forecast.backtest import Backtest, total_by
from quotaopt.forecast.panel import YEAR, Floats

NAIVE, POOLED = "seasonal_naive", "pipeline"
MEMBERS = (NAIVE, POOLED)

# A back-test of a year or two is a small sample. On public panels the pooled forecast had nine tenths of the naive's
# error; that counts as much as two years of back-test of very many series. With this few series the back-test counts
# half: the company's sum is one number a year.
PRIOR_RATIO, PRIOR_YEARS, FEW = 0.9, 2.0, 5.0
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

    The logarithm of the pooled forecast's errors over the naive's, of cells, rep sums and the company's months each, is
    averaged with a prior by years and series tested. The naive where it is above 0 on average over all, and where there
    is no back-test (with less than a year it is the mean); else the naive where that part's is.
    """
    means = {name: np.nan_to_num(p) for name, p in test.predicted.items()}
    hide = np.isnan(test.actual)
    best = _choose(test, means) if test.origins else Choice()
    means["auto"] = best.combine(means)
    return best, replace(test, predicted={n: np.where(hide, np.nan, m) for n, m in means.items()})


def _choose(test: Backtest, means: Mapping[str, Floats]) -> Choice:
    judged = {part: _judge(test, means, asked) for part, asked in JUDGED_BY.items()}
    if sum(judged.values()) > ROUNDING:
        return Choice()
    return Choice(**{part: NAIVE if loss > ROUNDING else POOLED for part, loss in judged.items()})


def _judge(test: Backtest, means: Mapping[str, Floats], asked: Sequence[tuple[str, bool]]) -> float:
    """Logarithm of the pooled forecast's error over the naive's, averaged with the prior."""
    years = (test.panel.length - min(test.origins)) / YEAR
    lost, weight = PRIOR_YEARS * np.log(PRIOR_RATIO), PRIOR_YEARS
    for level, months in asked:
        ratio, series = _ratio(test, means, level, months)
        say = years * series / (series + FEW) / len(asked)
        lost += say * np.log(np.clip(ratio, 1 / MOST_RATIO, MOST_RATIO))
        weight += say
    return float(lost / weight)


def _ratio(test: Backtest, means: Mapping[str, Floats], level: str, months: bool) -> tuple[float, int]:
    """Absolute error of the pooled forecast over the naive's, of months or of sums, and of how many series.

    1 where neither errs.
    """
    actual = total_by(test.actual, test.panel, level)
    errors = []
    for name in MEMBERS:
        error = total_by(means[name], test.panel, level) - actual
        errors.append(float(np.abs(error if months else error.sum(axis=2)).sum()))
    least = ROUNDING * float(np.abs(actual).sum())
    naive, pooled = (error if error > least else 0.0 for error in errors)
    return pooled / naive if naive > 0 else float("inf" if pooled > 0 else 1), actual.shape[1]
