"""The pooled forecast of a panel: members, their mean, reconciliation, and how wrong it was at earlier origins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import choose_origins
from quotaopt.forecast.boost import Lesson, learn_corrections
from quotaopt.forecast.effects import share_out
from quotaopt.forecast.levels import Levels, fill_gaps, measure_scale, stack_history
from quotaopt.forecast.members import MEAN_OF, MEMBERS, Basis, make_basis, run_members
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Bools, Floats, Panel
from quotaopt.forecast.reconcile import reconcile

MANY_SERIES = 20_000  # from here on only the origins of the back-test
MOST_ORIGINS = 12


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a method says of the mature reps of a panel, and how wrong it was before.

    Attributes
    ----------
    mean : money, shape (reps, products, horizon); upper levels are sums of it.
    origins : months known at each pseudo-origin, oldest first.
    errors : actual − forecast at the pseudo-origins, shape (origins, reps, products, horizon); nan = not known.
    scale : typical absolute month of each cell now, shape (reps, products); 0 only in a panel of zeros.
    scales : the same at each pseudo-origin, shape (origins, reps, products).
    method : the forecaster it was made by.
    notes : what a planner should know.
    """

    mean: Floats
    origins: tuple[int, ...]
    errors: Floats
    scale: Floats
    scales: Floats
    method: str
    notes: tuple[Finding, ...] = ()
    strength: float = 0.0


@dataclass(frozen=True, eq=False)
class Origin:
    """Members and truth at one pseudo-origin; everything over scale.

    Attributes
    ----------
    known : months known.
    scale : money, shape (series,).
    members : shape (members, series, horizon).
    truth : shape (series, horizon); nan = not known.
    """

    known: int
    scale: Floats
    members: Floats
    truth: Floats


def make_outlook(panel: Panel, horizon: int, method: str = "auto") -> Outlook:
    """Forecast the mature reps of a panel by any forecaster, with its errors at the same pseudo-origins."""
    return run_pipeline(panel, horizon) if method in {"auto", "pipeline"} else _roll(panel, horizon, method)


@forecasters
def pipeline(panel: Panel, horizon: int) -> Floats:
    """Mean of six smoothing methods with a pooled season, for all levels at once, reconciled."""
    return run_pipeline(panel, horizon).mean


def choose_pseudo_origins(length: int, horizon: int, size: int) -> tuple[int, ...]:
    """Months known at each pseudo-origin, oldest first: those of the back-test, and more where series are few.

    The later ones lack the last months of the horizon: they tell what is new.
    """
    tested, _ = choose_origins(length, horizon)
    if size >= MANY_SERIES or not tested:
        return tuple(sorted(tested))
    low, high = (2 * YEAR, length - YEAR) if length >= 3 * YEAR + 5 else (min(YEAR, length // 2), length - YEAR // 2)
    more = np.linspace(max(low, 3), max(high, min(tested)), MOST_ORIGINS).round().astype(int)
    return tuple(sorted({int(u) for u in more if u < length} | set(tested)))


def run_pipeline(panel: Panel, horizon: int) -> Outlook:
    """The pooled forecast: see the module."""
    levels = Levels.of(panel)
    origins = choose_pseudo_origins(panel.length, horizon, levels.size)
    bases = [make_basis(levels, _known(panel, u)) for u in origins] + [make_basis(levels, panel)]
    money = [b.scale[:, None] for b in bases]
    truth = [*_find_truth(levels, panel, origins, horizon), np.full((levels.size, horizon), np.nan)]
    lessons = [_teach(*x) for x in zip(bases, run_members(bases, horizon), truth, strict=True)]
    more, strength = learn_corrections(levels, lessons[:-1], lessons[-1])
    base = [x.base + m for x, m in zip(lessons, more, strict=True)]
    missed = [x.missed - m for x, m in zip(lessons[:-1], more, strict=False)]
    variance = measure_variance(levels, missed, bases[-1].scale)
    returns = np.any(panel.values < 0, axis=2)[:, :, None]
    cells = np.stack([reconcile(levels, b * s, variance) for b, s in zip(base, money, strict=True)])
    cells = np.where(returns, cells, np.maximum(cells, 0.0))
    shared = [share_out(levels, b.flat * s, x) for b, s, x in zip(bases, money, cells, strict=True)]
    cells = np.stack([x for x, _ in shared])
    actual = np.stack([levels.cells(t) for t in truth])
    there = _there(panel, origins, horizon)
    scales = np.stack([levels.cells(s)[:, :, 0] for s in money])
    return Outlook(
        mean=cells[-1],
        origins=origins,
        errors=np.where(there, (actual - cells)[:-1], np.nan),
        scale=scales[-1],
        scales=scales[:-1],
        method="pipeline",
        strength=strength,
    )


def _teach(basis: Basis, members: Floats, truth: Floats) -> Lesson:
    base = members[[MEMBERS.index(name) for name in MEAN_OF]].mean(axis=0)
    return Lesson(basis, members, base, _divide(truth, basis.scale[:, None]) - base)


def _divide(part: Floats, whole: Floats) -> Floats:
    return part / np.where(whole > 0, whole, 1.0)


def measure_variance(levels: Levels, missed: list[Floats], scale: Floats) -> Floats:
    """Variance of the errors of each series, in money², relative to scale shrunk by 30 % towards its level's median."""
    total, count = np.zeros(levels.size), np.zeros(levels.size)
    for miss in missed:
        total += np.nansum(miss**2, axis=1)
        count += (~np.isnan(miss)).sum(axis=1)
    relative = np.where((count > 0) & (total > 0), total / np.maximum(count, 1), 0.25)
    for rows in levels.rows:
        relative[rows] = relative[rows] ** 0.7 * np.median(relative[rows]) ** 0.3
    return np.asarray(np.maximum(relative, 1e-6) * scale**2)


def _known(panel: Panel, months: int) -> Panel:
    """The first months; reps who were not mature by then are not there."""
    past = panel.until(months)
    return Panel(
        past.reps,
        past.products,
        past.first,
        np.where(past.mature[:, None, None], past.values, np.nan),
        past.region,
        past.role,
    )


def _find_truth(levels: Levels, panel: Panel, origins: tuple[int, ...], horizon: int) -> list[Floats]:
    """What came after each origin, of every series, for the reps who were mature by then; nan = not known."""
    filled = np.concatenate([fill_gaps(panel.values), np.full((*panel.values.shape[:2], horizon), np.nan)], axis=2)
    out = []
    for origin in origins:
        there = panel.until(origin).mature
        ahead = levels.add_up(np.where(there[:, None, None], filled[:, :, origin : origin + horizon], 0.0))
        out.append(np.where(levels.occupied(there)[:, None], ahead, np.nan))
    return out


def _there(panel: Panel, origins: tuple[int, ...], horizon: int) -> Bools:
    """Which months after each origin are scored: of mature reps, and seen."""
    out = np.zeros((len(origins), *panel.values.shape[:2], horizon), dtype=bool)
    for i, origin in enumerate(origins):
        ahead = panel.values[:, :, origin : origin + horizon]
        out[i, :, :, : ahead.shape[2]] = ~np.isnan(ahead) & panel.until(origin).mature[:, None, None]
    return out


def _roll(panel: Panel, horizon: int, method: str) -> Outlook:
    """Any forecaster at the same pseudo-origins."""
    levels = Levels.of(panel)
    origins = choose_pseudo_origins(panel.length, horizon, levels.size)
    shape = (*panel.values.shape[:2], horizon)
    errors, scales = np.full((len(origins), *shape), np.nan), np.zeros((len(origins), *shape[:2]))
    for i, origin in enumerate(origins):
        known = panel.until(origin)
        ahead = panel.values[known.mature, :, origin : origin + horizon]
        errors[i, known.mature, :, : ahead.shape[2]] = (
            ahead - forecasters[method](known.of(known.mature), horizon)[:, :, : ahead.shape[2]]
        )
        scales[i] = _cell_scale(levels, _known(panel, origin))
    return Outlook(forecasters[method](panel, horizon), origins, errors, _cell_scale(levels, panel), scales, method)


def _cell_scale(levels: Levels, panel: Panel) -> Floats:
    return levels.cells(measure_scale(levels, stack_history(levels, panel.values))[:, None])[:, :, 0]
