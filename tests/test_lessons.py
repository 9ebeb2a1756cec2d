"""What earlier origins teach: weights of members, and how far what was learnt is believed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from quotaopt.forecast.panel import Panel
from quotaopt.forecast.pool.lessons import TRIED_YEARS, Lesson, to_grain, trust, try_earlier
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.pool.members import make_basis
from quotaopt.forecast.pool.outlook import known_by
from quotaopt.forecast.pool.pooled import make_outlook
from quotaopt.forecast.pool.weights import STAY, _fit, learn_weights

from .panels import make_panel

Floats = NDArray[np.float64]

few = settings(max_examples=15)
MEMBERS, HORIZON, LENGTH = 3, 12, 60


def make_lessons(seed: int, right: float) -> tuple[Levels, list[Lesson], Lesson]:
    """Origins at which the first member saw this part of what the base missed; the others are noise."""
    rng = np.random.default_rng(seed)
    panel = make_panel(rng.gamma(4, 250, (20, 3, LENGTH)))
    levels = Levels.of(panel)
    lessons = [make_lesson(rng, levels, panel, u, right) for u in range(24, LENGTH - 2, 4)]
    return levels, lessons, make_lesson(rng, levels, panel, LENGTH, right)


def make_lesson(rng: np.random.Generator, levels: Levels, panel: Panel, origin: int, right: float) -> Lesson:
    shape = (levels.size, HORIZON)
    missed, gaps = rng.normal(0, 0.3, shape), rng.normal(0, 0.3, (MEMBERS, *shape))
    gaps[0] = right * missed + (1 - right) * gaps[0]
    missed = np.where(np.arange(HORIZON) < LENGTH - origin, missed, np.nan)
    return Lesson(make_basis(levels, known_by(panel, origin)), to_grain(gaps), np.ones(shape), missed)


@few
@given(st.integers(0, 10**6))
def test_weights_are_those_of_constrained_least_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gaps = rng.normal(0, 1, (MEMBERS, 400)) + rng.normal(0, 1, 400)
    error = rng.uniform(-0.5, 1, MEMBERS) @ gaps + rng.normal(0, 1, 400)
    table = np.stack([*gaps, error, np.ones(400)])
    found = _fit(table @ table.T)
    pull = STAY * float((gaps**2).sum()) / MEMBERS

    def loss(w: Floats) -> float:
        return float(((error - w @ gaps) ** 2).sum() + pull * (w**2).sum())

    best = minimize(
        loss, np.full(MEMBERS, 0.1), bounds=[(0, 1)] * MEMBERS, method="SLSQP", options={"ftol": 1e-12},
        constraints={"type": "ineq", "fun": lambda w: 1 - w.sum()},
    )  # fmt: skip
    assert (found >= 0).all()
    assert found.sum() <= 1 + 1e-5
    assert loss(found) == pytest.approx(best.fun, rel=1e-4)


def test_few_errors_give_no_weights() -> None:
    assert (_fit(np.full((MEMBERS + 2, MEMBERS + 2), 299.0)) == 0).all()


@few
@given(st.integers(0, 10**6), st.floats(0.6, 1.0))
def test_a_member_that_was_right_is_followed_and_noise_is_not(seed: int, right: float) -> None:
    levels, lessons, now = make_lessons(seed, right)
    more, strength = learn_weights(levels, lessons, now)
    assert strength > 0.4
    cells = levels.rows[-1]
    said, seen = more[-1][cells].ravel(), now.gaps[0][cells].ravel()
    assert np.corrcoef(said, seen)[0, 1] > 0.8
    levels, lessons, now = make_lessons(seed, 0.0)
    more, _ = learn_weights(levels, lessons, now)
    assert np.abs(more[-1][cells]).mean() < 0.02


@few
@given(st.integers(0, 10**6))
def test_what_is_said_of_an_origin_is_learnt_from_what_was_known_by_then(seed: int) -> None:
    levels, lessons, now = make_lessons(seed, 0.9)
    asked: list[int] = []

    def teach(month: int) -> None:
        asked.append(month)

    try_earlier(lessons, teach)
    firsts = {lesson.known for lesson in lessons}
    assert set(asked) < firsts
    assert min(asked) > min(firsts)
    # Nothing that came later changes what the strength is measured on: the last origin is said the same.
    before, _ = learn_weights(levels, lessons, now)
    last = lessons[-1]
    other = [*lessons[:-1], last._replace(missed=last.missed[::-1])]
    after, _ = learn_weights(levels, other, now)
    assert directions(before[-2]) == pytest.approx(directions(after[-2]))


def directions(said: Floats) -> Floats:
    """What was said, but for the strength."""
    return said[-60:] / np.abs(said[-60:]).max()


def test_trust_grows_with_the_years_and_needs_that_it_helped() -> None:
    levels, lessons, now = make_lessons(1, 1.0)
    rows, every = slice(0, levels.size), list(range(len(lessons)))
    truth = [np.nan_to_num(lesson.missed) for lesson in lessons]
    years = (LENGTH - lessons[0].known) / 12
    assert trust(lessons, truth, every, now, rows) == pytest.approx(years / (years + TRIED_YEARS))
    assert trust(lessons, truth, every[-2:], now, rows) < trust(lessons, truth, every, now, rows)
    assert trust(lessons, [-t for t in truth], every, now, rows) == 0
    assert trust(lessons, truth, [], now, rows) == 0


def test_reps_that_grow_apart_are_forecast_by_the_members_that_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Growth that goes on: the mean of members that mostly expect it to fade lags behind."""
    rng, month = np.random.default_rng(3), np.arange(72)
    growth = rng.normal(0, 0.25, (20, 1, 1)) / 12
    sales = 1000 * np.exp(growth * month) * rng.lognormal(-0.005, 0.1, (20, 3, 72))
    panel, came = make_panel(sales[:, :, :60]), sales[:, :, 60:].sum(axis=(1, 2))
    weighed = make_outlook(panel, 12, "pipeline")
    assert any(note.code == "weighed" for note in weighed.notes)
    nothing = "quotaopt.forecast.pool.pooled.learn_weights"
    monkeypatch.setattr(nothing, lambda _, lessons, now: ([np.zeros_like(x.base) for x in (*lessons, now)], 0.0))
    plain = make_outlook(panel, 12, "pipeline")
    error, before = (np.abs(x.mean.sum(axis=(1, 2)) - came).sum() for x in (weighed, plain))
    assert error < 0.9 * before
