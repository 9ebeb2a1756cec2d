"""The pooled forecast of a panel: members, their mean, what trees add, reconciliation, rep effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from quotaopt.errors import Finding
from quotaopt.forecast.backtest import run_backtest
from quotaopt.forecast.methods import forecasters
from quotaopt.forecast.panel import YEAR, Floats, Panel
from quotaopt.forecast.pool.boost import learn_corrections
from quotaopt.forecast.pool.combine import MEMBERS as CHOICES
from quotaopt.forecast.pool.combine import NAIVE, POOLED, Choice, choose
from quotaopt.forecast.pool.effects import Effects
from quotaopt.forecast.pool.lessons import Lesson, to_grain
from quotaopt.forecast.pool.levels import Levels, fill_gaps
from quotaopt.forecast.pool.members import MEAN_OF, MEMBERS, Basis, make_basis, run_members
from quotaopt.forecast.pool.outlook import Outlook, Steps, choose_pseudo_origins, hide_unknown, known_by, roll
from quotaopt.forecast.pool.reconcile import reconcile
from quotaopt.forecast.pool.shares import WAYS, share_out, weigh_ways
from quotaopt.forecast.pool.weights import learn_weights


def make_outlook(panel: Panel, horizon: int, method: str = "auto") -> Outlook:
    """Forecast the mature reps of a panel by any forecaster, with its errors at the same pseudo-origins."""
    if method == POOLED and panel.reps:
        return run_pipeline(panel, horizon)
    if method != "auto" or not panel.reps:
        return roll(panel, horizon, method if panel.reps else NAIVE)
    pooled = run_pipeline(panel, horizon)
    members = {NAIVE: roll(panel, horizon, NAIVE, pooled), POOLED: pooled}
    choice, _ = choose(run_backtest(panel, CHOICES, horizon, members))
    return combine_outlooks(panel, members, choice)


def combine_outlooks(panel: Panel, members: Mapping[str, Outlook], choice: Choice) -> Outlook:
    """What a choice among members says, now and at every pseudo-origin."""
    first = members[POOLED]
    if choice == Choice.same(POOLED):
        return replace(first, method="auto", choice=choice, members=members)
    actual = [panel.values[:, :, u : u + first.mean.shape[2]] for u in first.origins]
    errors = np.full_like(first.errors, np.nan)
    for i, known in enumerate(actual):
        ahead = known.shape[2]
        said = {name: known - x.errors[i, :, :, :ahead] for name, x in members.items()}
        errors[i, :, :, :ahead] = known - choice.combine(said)
    mean = choice.combine({name: x.mean for name, x in members.items()})
    return replace(first, mean=mean, errors=errors, method="auto", choice=choice, members=members)


@forecasters
def pipeline(panel: Panel, horizon: int) -> Floats:
    """Mean of six smoothing methods with a pooled season, all levels at once, with learnt corrections and shares."""
    return make_outlook(panel, horizon, POOLED).mean


@forecasters
def auto(panel: Panel, horizon: int) -> Floats:
    """The pooled forecast, or the seasonal naive where that did better in the back-test."""
    return make_outlook(panel, horizon, "auto").mean


def run_pipeline(panel: Panel, horizon: int) -> Outlook:
    """The pooled forecast: see the module."""
    levels = Levels.of(panel)
    origins = choose_pseudo_origins(panel.length, horizon, levels.size)
    bases = [make_basis(levels, known_by(panel, u)) for u in origins] + [make_basis(levels, panel)]
    money = [b.scale[:, None] for b in bases]
    truth = [*_find_truth(levels, panel, origins, horizon), np.full((levels.size, horizon), np.nan)]
    # Two years tell of growth by one difference, and many years by many: until then much stays as it was last year.
    # Earlier origins are forecast as today is, so that they tell how good that is.
    caution = min(1.0, (2 * YEAR / panel.length) ** 2)
    lessons = [_teach(*x, caution) for x in zip(bases, run_members(bases, horizon), truth, strict=True)]
    more, weighed = learn_weights(levels, lessons[:-1], lessons[-1])
    lessons = [x.plus(m) for x, m in zip(lessons, more, strict=True)]
    more, strength = learn_corrections(levels, lessons[:-1], lessons[-1])
    base = [x.base + m for x, m in zip(lessons, more, strict=True)]
    missed = [x.missed - m for x, m in zip(lessons[:-1], more, strict=False)]
    variance = measure_variance(levels, missed, bases[-1].scale)
    returns = np.any(panel.values < 0, axis=2)[:, :, None]
    cells = np.stack([reconcile(levels, b * s, variance) for b, s in zip(base, money, strict=True)])
    cells = np.where(returns, cells, np.maximum(cells, 0.0))
    actual = np.stack([levels.cells(t) for t in truth])
    say = weigh_ways(levels, bases[:-1], cells[:-1], actual[:-1])
    shared = [share_out(levels, *x, say) for x in zip(bases, cells, strict=True)]
    plain, cells = cells, np.stack([x for x, _ in shared])
    scales = np.stack([levels.cells(s)[:, :, 0] for s in money])
    return Outlook(
        mean=cells[-1],
        origins=origins,
        errors=hide_unknown(panel, origins, (actual - cells)[:-1]),
        scale=scales[-1],
        scales=scales[:-1],
        method=POOLED,
        choice=Choice.same(POOLED),
        notes=tuple(_note(shared[-1][1], say, weighed, strength)),
        steps=_trace(levels, lessons[-1], base[-1], (plain[-1], cells[-1]), shared[-1][1].own),
    )


def _teach(basis: Basis, members: Floats, truth: Floats, caution: float) -> Lesson:
    base = _middle_mean(members)
    base += caution * (members[MEMBERS.index("pooled_season")] - base)
    gaps = np.stack([to_grain(m - base) for m in members])
    return Lesson(basis, gaps, base, _divide(truth, basis.scale[:, None]) - base)


def _middle_mean(members: Floats) -> Floats:
    """Without the highest and the lowest: one member that runs away, mostly growth, would take the mean with it."""
    return np.asarray(np.sort(members[[MEMBERS.index(name) for name in MEAN_OF]], axis=0)[1:-1].mean(axis=0))


def _trace(levels: Levels, lesson: Lesson, learnt: Floats, cells: tuple[Floats, Floats], own: Floats) -> Steps:
    """The months of each rep after every step; `cells` before and after the rep effects."""
    reps = levels.reps
    money = lesson.basis.scale[reps, None]
    members = lesson.gaps[:, reps] + lesson.base[reps]
    return Steps(
        members={name: x * money for name, x in zip(MEMBERS, members, strict=True)},
        mean=_middle_mean(members) * money,
        weighed=lesson.base[reps] * money,
        learnt=learnt[reps] * money,
        summed=cells[0].sum(axis=1),
        shared=cells[1].sum(axis=1),
        own=own,
    )


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


def _note(effects: Effects, say: Floats, weighed: float, strength: float) -> list[Finding]:
    """How far reps differ, how long their shares last, and what was learnt from past errors."""
    how = "shares of reps change too fast to be carried on, so each rep's own forecast stands"
    if say[-1] < 1:
        told = [way.what for way, weight in zip(WAYS, say, strict=True) if weight > 0]
        how = f"own history counts {effects.own.mean():.0%}, the other reps the rest; "
        how += f"shares are told by {', '.join(dict.fromkeys(told))}"
    what = (
        f"a rep's level differs from the others' by {effects.between:.0%}, a single month from the rep's level by "
        f"{effects.within:.0%}: {how}"
    )
    out = [Finding(what, severity="note", code="rep_effects")]
    if weighed > 0:
        what = f"component forecasts are weighed by how well they did before, at up to {weighed:.0%}"
        out.append(Finding(what, severity="note", code="weighed"))
    if strength > 0:
        what = f"corrected by what was learnt from past errors, at up to {strength:.0%}"
        out.append(Finding(what, severity="note", code="learnt"))
    return out


def _find_truth(levels: Levels, panel: Panel, origins: tuple[int, ...], horizon: int) -> list[Floats]:
    """What came after each origin, of every series, for the reps who were mature by then; nan = not known."""
    filled = np.concatenate([fill_gaps(panel.values), np.full((*panel.values.shape[:2], horizon), np.nan)], axis=2)
    out = []
    for origin in origins:
        there = panel.until(origin).mature
        ahead = levels.add_up(np.where(there[:, None, None], filled[:, :, origin : origin + horizon], 0.0))
        out.append(np.where(levels.occupied(there)[:, None], ahead, np.nan))
    return out
