"""Rules between reps of one peer group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quotaopt.columns import PEER_GROUP, REP
from quotaopt.optimize.rows import Rows, Total
from quotaopt.problem import Problem
from quotaopt.rules._registry import rule


@rule
def fair_share(problem: Problem, total: Total, *, band: float = 0.1) -> Iterator[Rows]:
    """Keep each rep's stretch within `band` of its peer group's stretch.

    The group's stretch is its quota / its capacity, so the row reads
    ``(1 - band) C_i / C_g * total(group) <= total(rep) <= (1 + band) C_i / C_g * total(group)``.

    Parameters
    ----------
    band : largest distance from the group's stretch, as a ratio of it.
    """
    group = total(PEER_GROUP).along(REP)
    of_group = problem.group(REP).within(problem.group(PEER_GROUP))
    capacity, group_capacity = problem.capacity.by(REP), problem.capacity.by(PEER_GROUP)[of_group]
    share = np.divide(capacity, group_capacity, out=np.zeros_like(capacity), where=group_capacity > 0)
    apart = capacity < group_capacity  # a rep alone in its group is always at the group's stretch
    yield (total(REP) - group * (share * (1 - band))) >= np.where(apart, 0.0, -np.inf)
    yield (total(REP) - group * (share * (1 + band))) <= np.where(apart, 0.0, np.inf)
