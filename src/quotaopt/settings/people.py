"""The keys of a scenario about people who are away or still to be hired."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from quotaopt.settings.data import Section
from quotaopt.values import refuse


def _check_delay(shares: list[float]) -> list[float]:
    if not shares or min(shares) < 0 or sum(shares) > 1 + 1e-9:
        refuse("shares are zero or more and add up to 1 at most", "Write them like [0.2, 0.5, 0.3].")
    return shares


Delay = Annotated[list[float], AfterValidator(_check_delay)]


class Leave(Section):
    """What becomes of the quota of people on leave (``data.leave``).

    `to` says who carries what is relieved: ``peers``, everybody by what they can carry; ``company``, nobody, so that
    quotas add up to less than the target; ``team`` or ``manager``, those of the same one. Leave of fewer working days
    than `minimum_days` relieves nobody, nor does paid leave (column `paid`) with `relieve_paid` false.
    """

    minimum_days: int = Field(default=0, ge=0)
    relieve_paid: bool = True
    to: Literal["peers", "company", "team", "manager"] = "peers"


class Hiring(Section):
    """When vacant seats are filled: the share that is filled 0, 1, 2 … months after the seat's start date.

    `roles` has shares of its own for some roles. What is left to 1 is not filled within the plan.
    """

    delay: Delay = [1.0]
    roles: dict[str, Delay] = {}
