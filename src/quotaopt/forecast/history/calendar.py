"""What the calendar alone does to months: working days, and the Chinese new year, which moves between them.

History is divided by the factors before it is forecast, and the forecast multiplied by those of its months. Factors
are relative to the mean of the same calendar month over many years, so that the season keeps what is usual and they
say only how a year differs.

How strongly sales follow is estimated on product totals, ``deviation from trend = season + effect · calendar``, one
effect for all products and one per product, shrunk towards it by their variances (empirical Bayes). An effect is used
if it is three standard errors from nothing and the totals of company and products would have been forecast better at
earlier origins; that of the Chinese new year also where the scenario says that the calendar is ``CN``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import choose_origins
from quotaopt.forecast.history.lunar import lunar_shares, weekday_ratio
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Ints, Panel, month_name, warn
from quotaopt.forecast.pool.levels import fill_gaps
from quotaopt.forecast.pool.season import find_trend
from quotaopt.workdays import Workdays

SHORTEST = 2 * YEAR  # a calendar month seen once says nothing of how it differs from itself
LEAST_T, LEAST_GAIN = 3.0, 0.02
LOWEST, HIGHEST = 0.3, 3.0
NEW_YEAR, WEEKDAYS, WORKDAYS = "lunar new year", "weekdays", "working days"


@dataclass(frozen=True, eq=False)
class Calendar:
    """Factors of past and future months.

    Attributes
    ----------
    past : shape (products, months of history).
    ahead : shape (products, horizon).
    effects : what was used, by name: the effect common to all products.
    """

    past: Floats
    ahead: Floats
    effects: dict[str, Floats] = field(default_factory=dict)

    def remove(self, panel: Panel) -> Panel:
        """History as if every month were a usual one."""
        return replace(panel, values=panel.values / self.past) if self.effects else panel

    def note(self) -> Iterator[Finding]:
        """What a planner should know."""
        for name, effect in self.effects.items():
            if name in {WEEKDAYS, WORKDAYS}:
                yield warn(f"a month with 1 % more {name} sells {effect[0]:.2f} % more: used", code="calendar")
            else:
                before, during = (f"{e:+.0%}".replace("%", " %") for e in effect)
                what = f"Chinese new year: {before} of a month's sales for the three weeks before, {during} for the two"
                yield warn(f"{what} from it on, where they fall in another month than usual: used", code="calendar")


def find_calendar(panel: Panel, horizon: int, calendar: Workdays | None = None) -> Calendar:
    """Factors of a panel's months and of the `horizon` months after it, 1 where the calendar says nothing.

    Parameters
    ----------
    panel : past sales; only mature reps teach.
    horizon : months ahead.
    calendar : whose working days may count, instead of Mondays to Fridays; that of ``CN`` uses the Chinese new year
        without asking the back-test.
    """
    calendar = calendar or Workdays()
    months = np.arange(panel.first, panel.first + panel.length + horizon)
    factors, used = np.ones((len(panel.products), months.size)), {}
    if panel.length >= SHORTEST and panel.mature.any():
        totals = fill_gaps(panel.values[panel.mature]).sum(axis=0)
        days = workday_ratio(months, calendar) if calendar.name else weekday_ratio(months)
        worked = WORKDAYS if calendar.name else WEEKDAYS
        for name, signal in ((NEW_YEAR, lunar_shares(months)), (worked, days[None] - 1.0)):
            declared = name == NEW_YEAR and calendar.country.partition("-")[0] == "CN"
            found = _Effect.of(totals / factors[:, : panel.length], panel.slots, signal[:, : panel.length])
            if declared or (found.clear and _gains(panel, totals / factors[:, : panel.length], signal)):
                factors = factors * found.factors(signal)
                used[name] = found.common
    return Calendar(factors[:, : panel.length], factors[:, panel.length :], used)


def workday_ratio(months: Ints, calendar: Workdays) -> Floats:
    """Working days of each month over the mean of the same calendar month in all of the years, shape (months,)."""
    years = np.arange(months[0] // YEAR * YEAR, (months[-1] // YEAR + 1) * YEAR)
    days = calendar.in_months([month_name(int(m)) for m in years]).reshape(-1, YEAR)
    mean = days.mean(axis=0)
    ratio = np.where(mean > 0, days / np.where(mean > 0, mean, 1.0), 1.0)
    return np.asarray(ratio.ravel()[months - years[0]])


@dataclass(frozen=True, eq=False)
class _Effect:
    """Effects of `signal` (signals, months): common (signals,), by product (products, signals), standard errors."""

    common: Floats
    products: Floats
    error: Floats

    @property
    def clear(self) -> bool:
        return bool(np.any(np.abs(self.common) > LEAST_T * self.error))

    def factors(self, signal: Floats) -> Floats:
        return np.clip(1.0 + self.products @ signal, LOWEST, HIGHEST)

    @classmethod
    def of(cls, totals: Floats, slots: Ints, signal: Floats) -> _Effect:
        """Least squares on what is left of trend and season; the season takes a signal's mean by calendar month."""
        trend, sales = find_trend(totals), np.abs(totals).sum(axis=1)
        size = np.maximum(np.abs(trend), 0.2 * sales[:, None] / totals.shape[1])
        usable = sales > 0
        if not usable.any():
            return cls(np.zeros(len(signal)), np.zeros((len(totals), len(signal))), np.ones(len(signal)))
        rest = _less_season((totals - trend)[usable] / size[usable], slots)
        shift = _less_season(signal, slots)
        # Products move together: the common effect is that of the company, and so is its error.
        company = sales[usable] @ rest / sales.sum()
        common, square_error = (x[0] for x in _regress(company[None], shift))
        own, variance = _regress(rest, shift)
        between = np.maximum(((own - common) ** 2 - variance).mean(axis=0), 0.0)
        total = between + variance
        weight = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
        products = np.tile(common, (len(totals), 1))
        products[usable] += weight * (own - common)
        # James-Stein: what is within its own error of nothing is nothing.
        ratio = np.divide(square_error, common**2, out=np.ones_like(common), where=common != 0)
        kept = np.maximum(1.0 - ratio, 0.0)
        return cls(common * kept, products * kept, np.sqrt(square_error))


def _regress(rows: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Effects of the signals on each row and their variances, by least squares; shapes (rows, signals)."""
    # A signal that did not move within the history cannot be told from the season: it has no effect.
    inverse = np.linalg.pinv(shift @ shift.T, rcond=1e-6, hermitian=True)
    effect = rows @ shift.T @ inverse
    freedom = max(rows.shape[1] - YEAR - len(shift), 1)
    noise = ((rows - effect @ shift) ** 2).sum(axis=1) / freedom
    return effect, np.outer(noise, np.diag(inverse))


def _less_season(values: Floats, slots: Ints) -> Floats:
    """Rows less their mean by calendar month."""
    slot = np.equal.outer(slots, np.arange(YEAR)).astype(np.float64)
    mean = values @ slot / np.maximum(slot.sum(axis=0), 1.0)
    return np.asarray(values - mean[:, slots])


def _gains(panel: Panel, totals: Floats, signal: Floats) -> bool:
    """Whether dividing by the factors would have forecast the months of company and products better, each by 2 %."""
    origins, ahead = choose_origins(panel.length, YEAR)
    missed = np.zeros((2, 2))
    for origin in origins:
        if origin < SHORTEST:
            continue
        known, truth = totals[:, :origin], totals[:, origin : origin + ahead]
        found = _Effect.of(known, panel.slots[:origin], signal[:, :origin])
        factors = found.factors(signal)
        for i, f in enumerate((np.ones_like(factors), factors)):
            shown = Panel(
                ("all",), panel.products, panel.first, (known / f[:, :origin])[None], panel.region[:1], panel.role[:1]
            )
            error = forecasters["pooled_season"](shown, ahead)[0] * f[:, origin : origin + ahead] - truth
            missed[i] += np.abs(error.sum(axis=0)).sum(), np.abs(error).sum()
    return bool(np.all(missed[1] < (1 - LEAST_GAIN) * missed[0]))
