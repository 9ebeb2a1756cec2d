"""The keys of a scenario about accounts: the level below the rep."""

from __future__ import annotations

from pydantic import Field

from quotaopt.settings.data import Section
from quotaopt.values import Share


class Accounts(Section):
    """Whether quotas are divided between the accounts of a rep, by what was sold to each (`account_id` of the history).

    The `largest` accounts of each rep have rows of their own, 0 for no accounts at all; others, and those with less
    than `least_share` of what the rep is expected to sell, share one row. Sales count half as much every `half_life`
    months back.
    """

    largest: int = Field(default=0, ge=0)
    least_share: Share = 0.0
    half_life: float = Field(default=4.0, gt=0)
