"""The keys a scenario may hold, their types, defaults and limits: one closed pydantic model.

Names of rules, goals, forecasters and solvers are plain data here; the registries of the layers above know them.
Amounts are exact decimals in the scenario's `unit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, get_args, get_origin

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from quotaopt.settings.accounts import Accounts
from quotaopt.settings.data import Data, Section
from quotaopt.settings.hand import Commits, Overrides
from quotaopt.settings.market import Potential, Prices
from quotaopt.settings.metrics import Metrics
from quotaopt.settings.people import Hiring, Leave
from quotaopt.settings.policy import Pay, Policy
from quotaopt.settings.tree import COMPANY, Hedges, Targets, Tree, compound
from quotaopt.values import (
    Amount,
    Calendar,
    Factor,
    Goals,
    Month,
    Profile,
    Quantile,
    Rule,
    Share,
    Weights,
    refuse,
)

NAME = "NAME"
"""Stands for a name people choose, where keys are listed."""
LONGEST = 120
"""Most months a plan may have; more is a slip of the pen (2072 for 2027)."""


class Whale(Section):
    """A large month that will come again: not cut by the fence. Without a product all of them, without a rep all."""

    rep: str = ""
    product: str = ""
    month: Month


class Event(Section):
    """Something that changed the level for good: history before `month` is multiplied by `factor`.

    It concerns a rep, a region or a product, or all three at once where several are named; everybody where none is.
    """

    month: Month
    factor: Factor = "estimate"
    rep: str = ""
    region: str = ""
    product: str = ""
    reason: str = ""


class Forecasting(Section):
    """Which forecaster, how many months of history, the width of the low-high range, and what capacity is taken at.

    `capacity` is ``"mean"``, or the quantile of each rep's sum over the plan: at 0.3 seven reps in ten sell more.
    The range and every quantile come from `samples` joint draws of the plan's months, started from `seed`.
    With `fence` one-off orders are cut for the forecast, except `keep_whales`. With `deal_fence` single deals far
    beyond those of their peer group are cut before that, and listed as windfall.
    `weights` of past years, last year first, are those of the method ``weighted_years``; `events` are known breaks.
    `no_rows` says what a month without a single row of a rep is: missing, zero, or judged from the rep's other months.
    """

    method: str = "auto"
    months: int = Field(default=60, ge=1)
    level: float = Field(default=0.8, gt=0, lt=1)
    fence: bool = True
    deal_fence: bool = False
    keep_whales: list[Whale] = []
    capacity: Quantile = "mean"
    weights: Weights = [0.5, 0.3, 0.2]
    no_rows: Literal["judge", "missing", "zero"] = "judge"
    events: list[Event] = []
    samples: int = Field(default=400, ge=50)
    seed: int = Field(default=0, ge=0)


class Ramp(Section):
    """Share of full productivity in months 0, 1, 2 … after the start date; 1 afterwards.

    The profile of a rep is the one the roster names among the `profiles`, else that of the role, else `profile`.
    """

    profile: Profile = [1.0]
    profiles: dict[str, Profile] = {}
    roles: dict[str, str] = {}

    @field_validator("roles")
    @classmethod
    def _check_roles(cls, roles: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = info.data.get("profiles", {})
        if unknown := [name for name in roles.values() if name not in known]:
            refuse(f"no such ramp profile: {', '.join(unknown)}", f"Profiles: {', '.join(known) or 'none'}.")
        return roles


class Attrition(Section):
    """How many people leave, as shares a month by role, and how long a seat stays empty.

    Used to say what the company can expect; an individual's quota never counts on it.
    """

    monthly: dict[str, Share] = {}
    other: Share = 0.0
    backfill: int = Field(default=2, ge=0)

    @property
    def anybody(self) -> bool:
        """Whether anybody leaves."""
        return bool(self.other or any(self.monthly.values()))


class Workload(Section):
    """Hours a month of a full-time rep, and what a deal of each product takes and brings; without hours no limit.

    Each of the roster's `accounts` takes `hours_per_account` of them first.
    """

    hours: float = Field(default=0.0, ge=0)
    hours_per_account: float = Field(default=0.0, ge=0)
    hours_per_deal: dict[str, Annotated[float, Field(ge=0)]] = {}
    value_per_deal: dict[str, Annotated[Amount, Field(gt=0)]] = {}


class Rounding(Section):
    """Money in one rounding unit."""

    to: Amount = Field(default=Decimal("0.01"), gt=0)


class Solving(Section):
    """Which solver, its time limit and its random seed."""

    name: str = "highs"
    seconds: float = Field(default=60.0, gt=0)
    seed: int = Field(default=0, ge=0)


class Output(Section):
    """How tables are written."""

    csv_encoding: Literal["utf-8-sig", "utf-8"] = "utf-8-sig"


class Settings(Section):
    """Everything a person chose for one run, after merging. Amounts are in `unit`."""

    version: Literal[1] = 1
    model: str = ""
    about: str = ""
    goals: Goals = ["level_stretch"]
    target: Amount = Field(gt=0, lt=10**15)
    unit: Amount = Field(default=Decimal(1), gt=0)
    currency: str = ""
    overassignment: Amount = Field(default=Decimal(0), gt=-1)
    tree: Tree = Tree()
    hedge: Hedges = {}
    targets: Targets = {}
    by_region: dict[str, Amount] = {}
    by_product: dict[str, Amount] = {}
    first_month: Month
    last_month: Month
    calendar: Calendar = ""
    peers: list[str] = []
    data: Data
    forecast: Forecasting = Forecasting()
    ramp: Ramp = Ramp()
    attrition: Attrition = Attrition()
    leave: Leave = Leave()
    hiring: Hiring = Hiring()
    workload: Workload = Workload()
    potential: Potential = Potential()
    accounts: Accounts = Accounts()
    price: Prices = {}
    overrides: Overrides = Overrides()
    commits: Commits = Commits()
    policy: Policy = Policy()
    pay: Pay = Pay()
    rules: dict[str, Rule] = {"meet_target": {}, "keep_locks": {}}
    metrics: Metrics = {}
    rounding: Rounding = Rounding()
    solver: Solving = Solving()
    output: Output = Output()

    @field_validator("by_region", "by_product")
    @classmethod
    def _check_nodes(cls, values: dict[str, Decimal], info: ValidationInfo) -> dict[str, Decimal]:
        target, total = info.data.get("target"), sum(values.values(), Decimal(0))
        if values and min(values.values()) < 0:
            refuse("a share or an amount is negative")
        if values and target is not None and total not in (1, target):
            refuse(
                f"add up to {total:f}; shares must add up to 1, amounts to the target {target:f}",
                f"Still open: {1 - total:f} as shares." if total < 2 else f"Still open: {target - total:f} as amounts.",
            )
        return values

    @field_validator("last_month")
    @classmethod
    def _check_months(cls, last: str, info: ValidationInfo) -> str:
        first = info.data.get("first_month", last)
        if last < first:
            refuse(f"before first_month {first}", "Change one of the two.")
        if _count(last) - _count(first) >= LONGEST:
            refuse(f"more than {LONGEST} months after first_month {first}", "Change one of the two.")
        return last

    @property
    def all_hedges(self) -> Decimal:
        """Sum of all quotas / target - 1: the overassignment, or what the hedges of all levels compound to."""
        return compound(self.hedge, self.overassignment, [COMPANY, *self.tree.levels]) - 1

    @property
    def months(self) -> tuple[str, ...]:
        """Every month of the plan, first to last, as ``YYYY-MM``."""
        numbers = range(_count(self.first_month), _count(self.last_month) + 1)
        return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in numbers)


def _count(month: str) -> int:
    """Months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a section, or of the items of a list of sections."""
    kinds = [field.annotation, *get_args(field.annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def known_keys(model: type[BaseModel] = Settings, at: str = "") -> Mapping[str, type[BaseModel] | None]:
    """Every key by its dotted name; a section names its own model."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, field in model.model_fields.items():
        section = section_of(field)
        keys[f"{at}{name}"] = section
        if section:
            keys |= known_keys(section, f"{at}{name}.{NAME}." if is_named(field) else f"{at}{name}.")
    return keys


def is_named(field: FieldInfo) -> bool:
    """Whether a field holds sections by names that people choose, such as ``[metrics.units]``."""
    return get_origin(field.annotation) is dict
