"""Sections of a scenario about what quotas are to achieve, and what they cost: ``[policy]`` and ``[pay]``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from quotaopt.settings.data import Section
from quotaopt.values import Amount, Curve

Pay0 = Annotated[Amount, Field(ge=0)]


class Policy(Section):
    """What leadership promises, and what it believes of behaviour.

    `at_quota` is the share of reps meant to make quota (0: nothing is promised), `company` the chance with which the
    company is meant to make its target. `effort` is the elasticity of sales with respect to quota: by how many per cent
    sales rise with one per cent more quota. At 0, which is all that data without experiments can show, quotas divide
    sales and do not make them. `triggers` is the closed list of what a frozen plan may be revised for; none: anything.
    """

    at_quota: float = Field(default=0.0, ge=0, lt=1)
    company: float = Field(default=0.8, gt=0, lt=1)
    effort: float = Field(default=0.0, ge=0, lt=1)
    triggers: list[str] = []


class Pay(Section):
    """What a rep is paid for an attainment: points ``[attainment, part of target pay]``, straight lines between them.

    Before the first point and behind the last pay is that of the point. `target_pay` is a full-time rep's variable pay
    over the plan for exactly the quota, in the scenario's `unit`; a `column` of the roster may hold it for each rep.
    """

    curve: Curve = []
    curve_by_role: dict[str, Curve] = {}
    target_pay: Pay0 = Decimal(0)
    target_pay_by_role: dict[str, Pay0] = {}
    column: str = ""
