"""`auto`: the method that did best in the back-test at each level, combined so that everything adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from quotaopt.forecast.backtest import LEVELS, Backtest, run_backtest, total_by
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import Floats, Panel

NAIVE = "seasonal_naive"
MEMBERS = (NAIVE, "pooled_season", "regression")
AVERAGE = "average"  # the mean of the members: errors that differ cancel

# Better by less than this is rounding: then the simpler choice stays, whatever the order or unit of the rows.
LEAST_GAIN = 1e-6
ROUNDING = 1e-9


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

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """Run the methods chosen and combine them, shape (reps, products, horizon)."""
        chosen = {self.cell, self.rep, self.all}
        names = MEMBERS if AVERAGE in chosen else sorted(chosen)
        return self.combine(_add_average({name: forecasters[name](panel, horizon) for name in names}))

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


def _add_average(means: Mapping[str, Floats]) -> dict[str, Floats]:
    if any(name not in means for name in MEMBERS):
        return dict(means)
    return {**means, AVERAGE: np.asarray(sum(means[name] for name in MEMBERS) / len(MEMBERS))}


@forecasters
def auto(panel: Panel, horizon: int) -> Floats:
    """The best in the back-test at each level, combined; never worse there than the seasonal naive."""
    choice, _ = choose(run_backtest(panel, MEMBERS, horizon))
    return choice.forecast(panel, horizon)


def choose(test: Backtest) -> tuple[Choice, Backtest]:
    """The best choice, and the back-test with the average and with `auto`, what that choice would have said.

    The choice has the lowest error relative to the naive, among those nowhere worse than it.
    Error is the absolute error of months and of sums over the horizon at each level, both against the naive's, on
    average. Without a back-test it is the naive, which with less than a year is the mean.
    """
    best, lowest = Choice(), 1.0
    means = _add_average({name: np.nan_to_num(p) for name, p in test.predicted.items()})
    actual = {level: total_by(test.actual, test.panel, level) for level in LEVELS}
    naive = list(_errors(test, actual, means[NAIVE]))
    for members in product((*MEMBERS, AVERAGE), repeat=3) if test.origins else ():
        choice = Choice(*members)
        score = _score(_errors(test, actual, choice.combine(means)), naive)
        if score < lowest - LEAST_GAIN:
            best, lowest = choice, score
    hide = np.isnan(test.actual)
    means["auto"] = best.combine(means)
    return best, replace(test, predicted={n: np.where(hide, np.nan, m) for n, m in means.items()})


def _errors(test: Backtest, actual: Mapping[str, Floats], predicted: Floats) -> Iterator[float]:
    """Absolute error of months and of sums, level by level, cheap ones first."""
    for level in LEVELS:
        error = total_by(predicted, test.panel, level) - actual[level]
        yield float(np.abs(error.sum(axis=2)).sum())
        yield float(np.abs(error).sum())


def _score(errors: Iterator[float], naive: list[float]) -> float:
    """Mean of errors / naive errors; infinite as soon as one is worse than the naive."""
    ratios = []
    for error, limit in zip(errors, naive, strict=True):
        if error > limit * (1 + ROUNDING):
            return float("inf")
        ratios.append(error / limit if limit > 0 else 1.0)
    return sum(ratios) / len(ratios)
