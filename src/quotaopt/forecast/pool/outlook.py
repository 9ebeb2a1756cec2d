"""What a forecaster says of a panel, and how wrong it was at earlier origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import choose_origins
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Panel
from quotaopt.forecast.pool.combine import Choice
from quotaopt.forecast.pool.levels import Levels, measure_scale, stack_history

MOST_ORIGINS, MOST_SERIES = 12, 60_000  # pseudo-origins, and series times pseudo-origins, besides the back-test's


@dataclass(frozen=True, eq=False)
class Steps:
    """How the pooled forecast of each rep's months came about; money, shape (reps, horizon) each.

    Attributes
    ----------
    members : what each member said of the rep, by name.
    mean : mean of the middle four of those that count.
    weighed : with little history drawn to the last year's level, and by weights that suited earlier origins.
    learnt : after what trees learnt from past errors.
    summed : after all levels were made to add up, and months without returns in the past kept from being negative.
    shared : after the rep effects: what the forecast says.
    own : weight of own history in the rep's share of the company, the other reps have the rest, shape (reps,).
    """

    members: Mapping[str, Floats]
    mean: Floats
    weighed: Floats
    learnt: Floats
    summed: Floats
    shared: Floats
    own: Floats


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a forecaster says of the mature reps of a panel, and how wrong it was before.

    Attributes
    ----------
    mean : money, shape (reps, products, horizon); upper levels are sums of it.
    origins : months known at each pseudo-origin, oldest first.
    errors : actual − forecast at the pseudo-origins, shape (origins, reps, products, horizon); nan = not known.
    scale : typical absolute month of each cell now, shape (reps, products); 0 only in a panel of zeros.
    scales : the same at each pseudo-origin, shape (origins, reps, products).
    method : the forecaster it was made by.
    choice : what `auto` chose; otherwise the method everywhere.
    members : what `auto` chose from.
    notes : what a planner should know.
    steps : how the pooled forecast came about; none for other methods.
    """

    mean: Floats
    origins: tuple[int, ...]
    errors: Floats
    scale: Floats
    scales: Floats
    method: str
    choice: Choice
    members: Mapping[str, Outlook] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()
    steps: Steps | None = None


def choose_pseudo_origins(length: int, horizon: int, size: int) -> tuple[int, ...]:
    """Months known at each pseudo-origin, oldest first: those of the back-test, and more where series are few.

    The later ones lack the last months of the horizon: they tell what is new.
    """
    tested, _ = choose_origins(length, horizon)
    count = min(MOST_ORIGINS, MOST_SERIES // max(size, 1))
    if not tested or count < 2:
        return tuple(sorted(tested))
    low, high = (2 * YEAR, length - YEAR) if length >= 3 * YEAR + 5 else (min(YEAR, length // 2), length - YEAR // 2)
    more = np.linspace(max(low, 3), max(high, min(tested)), count).round().astype(int)
    return tuple(sorted({int(u) for u in more if u < length} | set(tested)))


def known_by(panel: Panel, months: int) -> Panel:
    """The first months; reps who were not mature by then are not there."""
    past = panel.until(months)
    return replace(past, values=np.where(past.mature[:, None, None], past.values, np.nan))


def hide_unknown(panel: Panel, origins: tuple[int, ...], errors: Floats) -> Floats:
    """Nan where a month after an origin is not known, or its rep was not mature at the origin."""
    out = np.full_like(errors, np.nan)
    for i, origin in enumerate(origins):
        ahead = panel.values[:, :, origin : origin + errors.shape[3]]
        known = ~np.isnan(ahead) & panel.until(origin).mature[:, None, None]
        out[i, :, :, : ahead.shape[2]] = np.where(known, errors[i, :, :, : ahead.shape[2]], np.nan)
    return out


def keep_cuts(outlook: Outlook, cut: Floats) -> Outlook:
    """One-off amounts, cut from what is forecast, stay in what may come: spread evenly over the months of an error.

    So the year-long part of the errors has them, which says how far sums may stray; the single month has not.

    Parameters
    ----------
    cut : history before the fence less that after, shape (reps, products, months); nan = missing.
    """
    errors = outlook.errors.copy()
    for i, origin in enumerate(outlook.origins):
        ahead = np.nan_to_num(cut[:, :, origin : origin + errors.shape[3]])
        errors[i] += ahead.mean(axis=2, keepdims=True)
    return replace(outlook, errors=errors)


def roll(panel: Panel, horizon: int, method: str, beside: Outlook | None = None) -> Outlook:
    """Any forecaster, now and at the same pseudo-origins as the pooled forecast.

    Parameters
    ----------
    beside : an outlook of the same panel, whose sizes need not be measured again.
    """
    if beside is None:
        levels = Levels.of(panel)
        origins = choose_pseudo_origins(panel.length, horizon, levels.size)
        scale = _cell_scale(levels, panel)
        sizes = [_cell_scale(levels, known_by(panel, u)) for u in origins]
        scales = np.array(sizes).reshape(len(origins), *scale.shape)
    else:
        origins, scale, scales = beside.origins, beside.scale, beside.scales
    errors = np.full((len(origins), *panel.values.shape[:2], horizon), np.nan)
    for i, origin in enumerate(origins):
        known = panel.until(origin)
        ahead = panel.values[known.mature, :, origin : origin + horizon]
        said = forecasters[method](known.of(known.mature), horizon)
        errors[i, known.mature, :, : ahead.shape[2]] = ahead - said[:, :, : ahead.shape[2]]
    mean = forecasters[method](panel, horizon)
    return Outlook(mean, origins, errors, scale, scales, method, Choice.same(method))


def _cell_scale(levels: Levels, panel: Panel) -> Floats:
    return levels.cells(measure_scale(levels, stack_history(levels, panel.values))[:, None])[:, :, 0]
