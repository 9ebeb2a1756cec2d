"""What the chances of the reps hang on: the rule of division, and how well each rep's sales can be foreseen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from quotaopt.measures.view import Floats, PlanView, Row, measure

EQUAL = "equal_chance"
SURER = 0.1  # by which part a forecast becomes surer
ALIKE = 0.01  # normal scores this near are one level: quotas are whole units
NAMED = 3


def _levelled(view: PlanView) -> bool:
    """Whether the plan levels chances before anything else."""
    first = view.settings.goals[0]
    return (first if isinstance(first, str) else first["name"]) == EQUAL


@measure
def by_size(view: PlanView) -> Iterator[Row]:
    """What division by size would make of the chances that the plan levels: the steady reps pay for the others."""
    expected = view.sales.mean(axis=1)
    if not _levelled(view) or view.chances is None or expected.sum() <= 0:
        return
    quota = view.rep_quota.sum() * expected / expected.sum() / view.resolution
    chance = ndtr(-view.chances.level(quota))
    chance = chance[~np.isnan(chance)]
    if chance.size > 1:
        about = "highest less lowest chance if the same total went by expected sales instead"
        yield Row("chance_range_by_size", float(np.ptp(chance)), "ratio", about, "lower", reps=chance.size)


@measure
def information(view: PlanView) -> Iterator[Row]:
    """Whose forecast the lowest chance hangs on most: what it would be if that rep's sales were a tenth surer.

    Shrink rep i's quantiles towards the median, ``q_i(z) → m_i + λ (q_i(z) - m_i)``. Where the reps S at the worst
    level z share what they carry, ``Σ_S q_j(z)`` stays, so that ``dz/dλ = -(q_i - m_i) / Σ_S q_j'(z)``; with normal
    sales that is ``-z s_i / Σ_S s_j``. Where the plan levels something else, S is the rep with the lowest chance.
    """
    if view.chances is None:
        return
    quota = view.rep_quota / view.resolution
    level = np.where(view.asked, view.chances.level(quota), np.nan)
    if np.isnan(level).all():
        return
    worst = float(np.nanmax(level))
    share = np.flatnonzero(level >= worst - ALIKE) if _levelled(view) else np.array([int(np.nanargmax(level))])
    above = quota[share] - view.chances.quota(0.0)[share]
    moved = SURER * above / view.chances.near(quota).scale[share].sum()
    gain: Floats = ndtr(-(worst + moved)) - ndtr(-worst)
    order = np.argsort(-np.abs(gain), kind="stable")[:NAMED]
    named = ", ".join(f"{view.roster.index[share[k]]} {100 * gain[k]:+.2f}" for k in order)
    about = f"change of the lowest chance if that rep's sales could be foreseen a tenth surer, in points: {named}"
    yield Row("information_max", float(gain[order[0]]), "ratio", about, reps=int(view.asked.sum()))
