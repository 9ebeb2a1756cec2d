"""The keys of a scenario about quotas decided by hand."""

from __future__ import annotations

from typing import Literal

from quotaopt.settings.data import Section
from quotaopt.values import Share


class Overrides(Section):
    """What becomes of the other quotas when some are overridden (`data.overrides`).

    With `rebalance` the others make up for it, so that totals stay; without it they stay as computed, totals do not.
    """

    rebalance: bool = True


class Commits(Section):
    """How numbers people have committed to (`data.commits`) and the target are brought together.

    `keep` says what a quota with a commitment is: the ``"commit"`` itself, what the ``"target"`` makes of it, or
    between the two, the commitment with `weight`. The others carry the rest.
    """

    keep: Literal["commit", "target", "weight"] = "commit"
    weight: Share = 0.5
