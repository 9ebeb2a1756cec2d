"""The keys a scenario may hold, their types, defaults and limits: one closed pydantic model.

Names of rules, goals, forecasters and solvers are plain data here; the registries of the layers above know them.
Amounts are exact decimals in the scenario's `unit`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from quotaopt.text import plain_month, plain_number

LONGEST = 120
"""Most months a plan may have; more is a slip of the pen (2072 for 2027)."""


def _refuse(what: str, remedy: str = "") -> NoReturn:
    raise PydanticCustomError("quotaopt", "{what}", {"what": what, "remedy": remedy})


def _read_amount(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+(\.\d+)?", value.strip()):
        number = plain_number(value)
        _refuse("not a plain number", f"Write {number}." if number else "")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _read_month(value: Any) -> str:
    text = str(value)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or not isinstance(value, str):
        _refuse("not a month", f'Write "{plain_month(text) or "2027-01"}".')
    return text


def _read_paths(value: Any) -> Any:
    return (value,) if isinstance(value, (str, Path)) else value


def _check_paths(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    return paths or _refuse("no file", "Name at least one.")


def _check_goals(goals: list[Any]) -> list[Any]:
    for goal in goals:
        if not (isinstance(goal, str) or (isinstance(goal, dict) and isinstance(goal.get("name"), str))):
            _refuse("a goal is a name", 'Write "level_stretch" or { name = "level_stretch" }.')
    return goals or _refuse("no goal", 'Write goals = ["level_stretch"].')


def _check_rule(rule: Any) -> Any:
    tables = rule if isinstance(rule, list) and rule else [rule]
    if rule is not False and not all(isinstance(t, dict) for t in tables):
        _refuse("a rule is a table", "Write it as [rules.NAME], or = false to drop it.")
    return rule


def _check_encoding(name: str) -> str:
    try:
        return name if name == "auto" else codecs.lookup(name).name
    except LookupError:
        _refuse("no such encoding", 'Write "auto", "utf-8" or "gb18030".')


def _check_profile(profile: list[float]) -> list[float]:
    if not profile or min(profile) < 0 or max(profile) > 1:
        _refuse("shares of full productivity lie between 0 and 1", "Write them like [0.0, 0.5, 1.0].")
    return profile


Amount = Annotated[Decimal, BeforeValidator(_read_amount)]
Month = Annotated[str, BeforeValidator(_read_month)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_read_paths)]
SomePaths = Annotated[Paths, AfterValidator(_check_paths)]
Profile = Annotated[list[float], AfterValidator(_check_profile)]
Headers = dict[str, str]


class Section(BaseModel):
    """Base of every section: closed and unchangeable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Columns(Section):
    """For each table, headers we do not know and the column each one is: ``"开票金额" = "amount"``."""

    history: Headers = {}
    roster: Headers = {}
    products: Headers = {}
    locks: Headers = {}
    plan: Headers = {}


class Data(Section):
    """The input files, and how to read them."""

    history: SomePaths
    roster: SomePaths
    products: Paths = ()
    locks: Paths = ()
    plan: Paths = ()
    encoding: Annotated[str, AfterValidator(_check_encoding)] = "auto"
    duplicates: Literal["error", "sum"] = "error"
    unknown_reps: Literal["error", "drop"] = "error"
    columns: Columns = Columns()


class Forecasting(Section):
    """Which forecaster, how many months of history, and the width of the low-high range.

    The range and every other quantile come from `samples` joint draws of the plan's months, started from `seed`.
    """

    method: str = "auto"
    months: int = Field(default=36, ge=1)
    level: float = Field(default=0.8, gt=0, lt=1)
    samples: int = Field(default=400, ge=50)
    seed: int = Field(default=0, ge=0)


class Ramp(Section):
    """Share of full productivity in months 0, 1, 2 … after the start date; 1 afterwards.

    `profile` is used where the roster names none of the `profiles`.
    """

    profile: Profile = [1.0]
    profiles: dict[str, Profile] = {}


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
    goals: Annotated[list[Any], AfterValidator(_check_goals)] = ["level_stretch"]
    target: Amount = Field(gt=0, lt=10**15)
    unit: Amount = Field(default=Decimal(1), gt=0)
    currency: str = ""
    overassignment: Amount = Field(default=Decimal(0), gt=-1)
    by_region: dict[str, Amount] = {}
    by_product: dict[str, Amount] = {}
    first_month: Month
    last_month: Month
    data: Data
    forecast: Forecasting = Forecasting()
    ramp: Ramp = Ramp()
    rules: dict[str, Annotated[Any, AfterValidator(_check_rule)]] = {"meet_target": {}, "keep_locks": {}}
    rounding: Rounding = Rounding()
    solver: Solving = Solving()
    output: Output = Output()

    @field_validator("by_region", "by_product")
    @classmethod
    def _check_nodes(cls, values: dict[str, Decimal], info: ValidationInfo) -> dict[str, Decimal]:
        target, total = info.data.get("target"), sum(values.values(), Decimal(0))
        if values and min(values.values()) < 0:
            _refuse("a share or an amount is negative")
        if values and target is not None and total not in (1, target):
            _refuse(
                f"add up to {total:f}; shares must add up to 1, amounts to the target {target:f}",
                f"Still open: {1 - total:f} as shares." if total < 2 else f"Still open: {target - total:f} as amounts.",
            )
        return values

    @field_validator("last_month")
    @classmethod
    def _check_months(cls, last: str, info: ValidationInfo) -> str:
        first = info.data.get("first_month", last)
        if last < first:
            _refuse(f"before first_month {first}", "Change one of the two.")
        if _count(last) - _count(first) >= LONGEST:
            _refuse(f"more than {LONGEST} months after first_month {first}", "Change one of the two.")
        return last

    @property
    def months(self) -> tuple[str, ...]:
        """Every month of the plan, first to last, as ``YYYY-MM``."""
        numbers = range(_count(self.first_month), _count(self.last_month) + 1)
        return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in numbers)


def _count(month: str) -> int:
    """Months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def known_keys(model: type[BaseModel] = Settings, at: str = "") -> Mapping[str, type[BaseModel] | None]:
    """Every key by its dotted name; a section names its own model."""
    keys: dict[str, type[BaseModel] | None] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        section = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        keys[f"{at}{name}"] = section
        if section:
            keys |= known_keys(section, f"{at}{name}.")
    return keys
