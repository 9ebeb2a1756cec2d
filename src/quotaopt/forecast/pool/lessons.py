"""What earlier origins teach: how wrong the forecast was, and whether what was learnt from it would have helped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quotaopt.forecast.panel import YEAR, Floats
from quotaopt.forecast.pool.levels import Levels
from quotaopt.forecast.pool.members import Basis

FOLDS = 8  # groups of origins, oldest first; each is forecast from what was known at its first
TRIED_YEARS = 1.5  # a year or two of origins is a small sample: that nothing helps counts as much as this many
FEW = 5  # a level of this many series is corrected by half: what holds for many need not hold for one
LARGEST_ERROR = 3.0  # months beyond this many typical months teach as this many
GRAIN = 2.0**-20  # what is learnt from is rounded, so that rounding errors of the unit of money cross no threshold


class Lesson(NamedTuple):
    """One origin: what was known, forecast and missed; everything over scale.

    Attributes
    ----------
    basis : see `Basis`.
    gaps : members − base, rounded, shape (members, series, horizon).
    base : the forecast so far, shape (series, horizon).
    missed : actual − base, shape (series, horizon); nan = not known.
    """

    basis: Basis
    gaps: NDArray[np.float32]
    base: Floats
    missed: Floats

    @property
    def known(self) -> int:
        """Months known at the origin."""
        return int(self.basis.history.shape[1])

    def until(self, month: int) -> Floats:
        """`missed` as far as known by a month."""
        return np.where(np.arange(self.missed.shape[1]) < month - self.known, self.missed, np.nan)

    def plus(self, more: Floats) -> Lesson:
        """With a better base."""
        return self._replace(gaps=to_grain(self.gaps - more), base=self.base + more, missed=self.missed - more)


Learner = Callable[[Lesson], Floats]  # what to add to the base of an origin


def count_folds(lessons: Sequence[Lesson]) -> int:
    """Groups of origins: one fewer than there are origins at the most, as nothing is known before the first."""
    return max(min(FOLDS, len(lessons) - 1), 1)


def try_earlier(lessons: Sequence[Lesson], teach: Callable[[int], Learner | None]) -> tuple[list[Floats], list[int]]:
    """What would have been said at each origin by a learner that knew what was known by then.

    Parameters
    ----------
    teach : the learner as of a month; none where that was too little, then nothing is said.

    Returns
    -------
    What was said at each, shape (series, horizon), and the origins at which anything was.
    """
    out, tried = [np.zeros_like(lesson.base) for lesson in lessons], list[int]()
    for fold in np.array_split(np.arange(len(lessons)), count_folds(lessons))[1:]:
        learner = teach(lessons[fold[0]].known)
        if learner is not None:
            for i in fold:
                out[i] = learner(lessons[i])
            tried += fold.tolist()
    return out, tried


def apply_learnt(
    levels: Levels, lessons: Sequence[Lesson], said: Sequence[Floats], tried: Sequence[int], now: Lesson
) -> tuple[list[Floats], float]:
    """What was said of each origin and of now, as far as it would have helped; and how far that is at the most.

    Parameters
    ----------
    said, tried : see `try_earlier`; with what is said of now at the end.
    """
    trusted = [trust(lessons, said, tried, now, rows) for rows in levels.rows]
    count = np.bincount(levels.level).astype(np.float64)
    share = (trusted * count / (count + FEW))[levels.level, None]
    return [share * x for x in said], max(trusted)


def trust(lessons: Sequence[Lesson], said: Sequence[Floats], tried: Sequence[int], now: Lesson, rows: slice) -> float:
    """How far a learner is believed, 0 to 1: the regression of errors on what it said of them, averaged with nothing.

    Parameters
    ----------
    said, tried : see `try_earlier`.
    rows : series that count.
    """
    years = (now.known - lessons[tried[0]].known) / YEAR if tried else 0.0
    both = squares = 0.0
    for i in tried:
        error, guess = np.clip(lessons[i].missed[rows], -LARGEST_ERROR, LARGEST_ERROR), said[i][rows]
        both += float(np.nansum(error * guess))
        squares += float((guess[~np.isnan(error)] ** 2).sum())
    found = min(max(both / squares, 0.0), 1.0) if squares > 0 else 0.0
    return years * found / (years + TRIED_YEARS)


def to_grain(values: Any) -> NDArray[np.float32]:
    """Rounded to `GRAIN`."""
    return np.asarray(np.rint(np.asarray(values) / GRAIN) * GRAIN, dtype=np.float32)
