"""What a plan aims for, in the order the scenario writes: each goal is one function.

A goal returns *levels* (one affine level per rep, brought down lexicographically: the highest first, then the
next) or a *distance* from given quotas (its sum is made small). Each goal is frozen before the next: no weights
between unlike things. One mechanism, many notions of fairness, by the choice of (offset, scale):

=============  ===================  =======================
goal           offset m             scale s
=============  ===================  =======================
level_stretch  0                    capacity
equal_chance   median of forecast   spread of forecast
level_growth   0                    last year's sales
equal_share    0                    presence (headcount × ramp)
blend          0                    weighted mean of scales
=============  ===================  =======================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from quotaopt.columns import PEER_GROUP, REP
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.problem import Floats, Problem
from quotaopt.registry import Registry


@dataclass(frozen=True, eq=False)
class Levels:
    """Level of each rep: ``(quota - offset) / scale``; reps with scale 0 have none. Shapes (R,)."""

    offset: Floats
    scale: Floats


@dataclass(frozen=True, eq=False)
class Distance:
    """Sum over reps of ``|quota - reference|``. Shape (R,)."""

    reference: Floats


Goal: TypeAlias = Callable[..., Levels | Distance]

goal: Registry[Goal] = Registry("goal")


@goal
def level_stretch(
    problem: Problem,
    *,
    relative: dict[str, Decimal] = {},  # noqa: B006 - read only
) -> Levels:
    """Equal quota / capacity for every rep, as far as the rules allow.

    Parameters
    ----------
    relative : intended stretch of a peer group relative to the others, for example ``{ new = 0.8 }``.
    """
    capacity = problem.capacity.by(REP)
    wanted = np.array([float(v) for v in problem.named(PEER_GROUP, relative, 1.0)])
    return Levels(np.zeros_like(capacity), capacity * wanted[problem.group(REP).within(problem.group(PEER_GROUP))])


@goal
def equal_chance(problem: Problem) -> Levels:
    """Equal chance of reaching the quota: the same number of spreads above the forecast's median."""
    known = (problem.spread > 0) & (problem.capacity.by(REP) > 0)
    return Levels(problem.expected, np.where(known, problem.spread, 0.0))


@goal
def level_growth(problem: Problem) -> Levels:
    """Equal growth against last year; a rep without a whole last year grows from capacity like the others."""
    last, capacity = problem.last_year.by(REP), problem.capacity.by(REP)
    full = problem.full_last_year & (last > 0)
    like = last[full].sum() / capacity[full].sum() if full.any() and capacity[full].sum() > 0 else 1.0
    return Levels(np.zeros_like(last), np.where(full, last * problem.presence, capacity * like))


@goal
def equal_share(problem: Problem) -> Levels:
    """Equal quota for each full-time, fully ramped rep: quota / presence, as far as the rules allow."""
    return Levels(np.zeros_like(problem.presence), problem.presence)


@goal
def blend(
    problem: Problem,
    *,
    weights: dict[str, Decimal] = {"level_stretch": Decimal("0.5"), "level_growth": Decimal("0.5")},  # noqa: B006
) -> Levels:
    """Between several notions of equal: each rep's fair share is the weighted mean of those under each.

    The scales of the goals are brought to the same sum first, so that the weights mean what they say.

    Parameters
    ----------
    weights : weight of each goal; goals that start from an offset (`equal_chance`) cannot be blended.
    """
    if not weights or min(weights.values()) < 0 or not sum(weights.values()):
        what = "goal blend needs weights of 0 or more, not all 0"
        raise InputError(
            [Finding(what, "Write them like { level_stretch = 0.7, level_growth = 0.3 }.", code="scenario")]
        )
    scale = np.zeros_like(problem.presence)
    for name, weight in weights.items():
        if name not in BLENDS:
            raise UnknownNameError("goal to blend", name, BLENDS)
        part = goal[name](problem)
        assert isinstance(part, Levels)
        scale += float(weight) * part.scale / part.scale.sum()
    return Levels(np.zeros_like(scale), scale * problem.capacity.values.sum() / float(sum(weights.values())))


BLENDS = ("level_stretch", "level_growth", "equal_share")


@goal
def least_change(problem: Problem) -> Distance:
    """Least change of quotas against the current plan (`data.plan`)."""
    if problem.plan is None:
        raise InputError([Finding("goal least_change needs the current plan", "Set data.plan to its quotas.csv.")])
    return Distance(problem.plan.by(REP))
