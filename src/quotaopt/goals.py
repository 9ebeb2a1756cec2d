"""What a plan aims for, in the order the scenario writes: each goal is one function.

A goal returns *levels* (one increasing function of the quota per rep, brought down lexicographically: the highest
first, then the next) or a *distance* from given quotas (its sum is made small). Each goal is frozen before the next:
no weights between unlike things. One mechanism, many notions of fairness, by what stands at level 0 and 1:

=============  ===================  ===========================
goal           quota at level 0     more per level
=============  ===================  ===========================
level_stretch  0                    capacity
equal_chance   median of forecast   next normal score's quantile
level_growth   0                    last year's sales
equal_share    0                    presence (headcount × ramp)
blend          0                    weighted mean of the others'
=============  ===================  ===========================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

import numpy as np

from quotaopt.columns import PEER_GROUP, REP
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.problem import SCORES, Bools, Floats, Ints, Problem
from quotaopt.registry import Registry

FLAT = 1e-6  # of its mean slope: the least a function rises, so that no two levels have the same quota


@dataclass(frozen=True, eq=False)
class Levels:
    """Quota of each rep as an increasing function of the level: ``offset + scale * level``, or such pieces end to end.

    Attributes
    ----------
    offset, scale : shape (R,) for straight functions; (R, K + 1) for functions that bend at K levels, one column for
        each piece. Reps with scale 0 have no level.
    knots : the levels at which functions bend, increasing and the same for all reps, shape (K,).
    """

    offset: Floats
    scale: Floats
    knots: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def through(cls, levels: Floats, quotas: Floats, has: Bools) -> Levels:
        """Functions through given points, straight between them and beyond the ends.

        Where quotas do not rise from one point to the next, the function does by `FLAT` of its mean slope.

        Parameters
        ----------
        levels : increasing, shape (K,).
        quotas : non-decreasing along each row, shape (R, K).
        has : reps that have a level, shape (R,).
        """
        width, rise = np.diff(levels), np.diff(quotas, axis=1)
        mean = (quotas[:, -1] - quotas[:, 0]) / (levels[-1] - levels[0])
        scale = np.maximum(rise / width, FLAT * mean[:, None])
        start = quotas[:, :1] + np.cumsum(scale * width, axis=1) - scale * width
        return cls(start - scale * levels[:-1], np.where(has[:, None], scale, 0.0), levels[1:-1])

    @property
    def pieces(self) -> tuple[Floats, Floats]:
        """Offsets and scales with one column per piece, shapes (R, K + 1)."""
        n = self.scale.shape[0]
        return self.offset.reshape(n, -1), self.scale.reshape(n, -1)

    @property
    def has(self) -> Bools:
        """Whether a rep has a level, shape (R,)."""
        return np.asarray(self.pieces[1][:, 0] > 0)

    @cached_property
    def bends(self) -> Floats:
        """Quotas at the knots, shape (R, K)."""
        offset, scale = self.pieces
        return np.asarray(offset[:, :-1] + scale[:, :-1] * self.knots)

    def straight(self, piece: Ints) -> Levels:
        """Straight functions: one piece of each rep's, shape (R,)."""
        offset, scale = (np.take_along_axis(part, piece[:, None], axis=1)[:, 0] for part in self.pieces)
        return Levels(np.asarray(offset), np.asarray(scale))

    def near(self, quota: Floats) -> Levels:
        """Straight functions: each rep's piece that holds this quota."""
        return self.straight((quota[:, None] > self.bends).sum(axis=1))

    def level(self, quota: Floats) -> Floats:
        """Level of each rep at these quotas (R,); nan for reps without one."""
        here = self.near(quota)
        rise = quota - here.offset
        return np.asarray(np.divide(rise, here.scale, out=np.full(quota.size, np.nan), where=here.scale > 0))

    def quota(self, level: float | Floats) -> Floats:
        """Quota of each rep at a level, or each at its own (R,)."""
        level = np.broadcast_to(np.asarray(level, dtype=np.float64), (self.scale.shape[0],))
        here = self.straight(np.searchsorted(self.knots, level))
        return np.asarray(here.offset + here.scale * level)


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
    """Equal chance of reaching the quota, by the forecast's quantiles for each rep's sales over the plan.

    The level is the normal score of the chance to miss: 0 is the median, 1 is missed in 84 of 100 cases. Without
    quantiles forecast errors count as normal.
    """
    return chance_levels(problem)


def chance_levels(problem: Problem) -> Levels:
    """Level of each quota as the normal score of the chance that sales stay below it."""
    able = problem.capacity.by(REP) > 0
    if problem.quantiles is None:
        return Levels(problem.expected, np.where(able & (problem.spread > 0), problem.spread, 0.0))
    return Levels.through(SCORES, problem.quantiles, able & (problem.quantiles[:, -1] > problem.quantiles[:, 0]))


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
