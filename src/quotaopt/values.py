"""Kinds of values a scenario's keys may hold: how each is read, and what is said when it cannot be."""

from __future__ import annotations

import codecs
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from quotaopt.errors import nearest
from quotaopt.places import Place
from quotaopt.text import plain_month, plain_number
from quotaopt.workdays import known_countries


def refuse(what: str, remedy: str = "") -> NoReturn:
    """Refuse a value, in words a planner can act on."""
    raise PydanticCustomError("quotaopt", "{what}", {"what": what, "remedy": remedy})


def _read_amount(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+(\.\d+)?", value.strip()):
        number = plain_number(value)
        refuse("not a plain number", f"Write {number}." if number else "")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _read_month(value: Any) -> str:
    text = str(value)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or not isinstance(value, str):
        refuse("not a month", f'Write "{plain_month(text) or "2027-01"}".')
    return text


def _read_paths(value: Any) -> Any:
    return (value,) if isinstance(value, (str, Path)) else value


def _read_place(value: Any) -> Any:
    return value if isinstance(value, (str, Path)) else refuse("not a path")


def _check_paths(paths: tuple[Place, ...]) -> tuple[Place, ...]:
    return paths or refuse("no file", "Name at least one.")


def _read_texts(value: Any) -> Any:
    listed = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)


def _check_texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts or refuse("no value", "Name at least one.")


def _check_goals(goals: list[Any]) -> list[Any]:
    for goal in goals:
        if not (isinstance(goal, str) or (isinstance(goal, dict) and isinstance(goal.get("name"), str))):
            refuse("a goal is a name", 'Write "level_stretch" or { name = "level_stretch" }.')
    return goals or refuse("no goal", 'Write goals = ["level_stretch"].')


def _check_rule(rule: Any) -> Any:
    tables = rule if isinstance(rule, list) and rule else [rule]
    if rule is not False and not all(isinstance(t, dict) for t in tables):
        refuse("a rule is a table", "Write it as [rules.NAME], or = false to drop it.")
    return rule


def _check_encoding(name: str) -> str:
    try:
        return name if name == "auto" else codecs.lookup(name).name
    except LookupError:
        refuse("no such encoding", 'Write "auto", "utf-8" or "gb18030".')


def _check_calendar(value: Any) -> Any:
    if value == "" or isinstance(value, Path):
        return value
    known = known_countries()
    if not isinstance(value, str) or value not in known:
        code = str(value).upper()
        near = nearest(code, [name for name in known if name[:2] == code[:2]] or known)
        remedy = f"Did you mean {near!r}? " if near else ""
        refuse("no such calendar", f"{remedy}Write an ISO code such as CN or DE-BY, a file, or nothing.")
    return value


def _check_profile(profile: list[float]) -> list[float]:
    if not profile or min(profile) < 0 or max(profile) > 1:
        refuse("shares of full productivity lie between 0 and 1", "Write them like [0.0, 0.5, 1.0].")
    return profile


def _read_quantile(value: Any) -> Any:
    if value == "mean":
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(value, bool) or not 0 < number < 1:
        refuse('neither "mean" nor a probability', 'Write "mean", or a number between 0 and 1 such as 0.4.')
    return number


def _check_factor(value: Any) -> Any:
    number = not isinstance(value, bool) and isinstance(value, (int, float, Decimal))
    if value != "estimate" and not (number and 0 < value < 1000):
        refuse("must be a number greater than 0", 'Leave it out, or write "estimate", to have it measured.')
    return value if value == "estimate" else float(value)


def _check_curve(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    rising = all(a[0] < b[0] for a, b in pairwise(curve))
    if not rising or any(min(point) < 0 for point in curve):
        refuse("points of a pay curve rise in attainment, from 0 on", "Write [[0.5, 0], [1, 1], [1.5, 2]].")
    return curve


def _check_weights(weights: list[float]) -> list[float]:
    if not weights or min(weights) < 0 or not sum(weights) > 0:
        refuse("weights are zero or more, and not all zero", "Write them like [0.5, 0.3, 0.2], last year first.")
    return weights


Amount = Annotated[Decimal, BeforeValidator(_read_amount)]
Month = Annotated[str, BeforeValidator(_read_month)]
Paths = Annotated[tuple[Annotated[Place, BeforeValidator(_read_place)], ...], BeforeValidator(_read_paths)]
Quantile = Annotated[float | str, BeforeValidator(_read_quantile)]
SomePaths = Annotated[Paths, AfterValidator(_check_paths)]
Profile = Annotated[list[float], AfterValidator(_check_profile)]
Share = Annotated[float, Field(ge=0, le=1)]
Headers = dict[str, str]
Conditions = dict[str, Annotated[tuple[str, ...], BeforeValidator(_read_texts), AfterValidator(_check_texts)]]
MoneyTable = Literal[
    "history", "locks", "plan", "quotas", "nodes", "overrides", "commits", "potential", "roster", "products",
    "supply",
]  # fmt: skip
Units = dict[MoneyTable, Annotated[Amount, Field(gt=0)]]
Goals = Annotated[list[Any], AfterValidator(_check_goals)]
Rule = Annotated[Any, AfterValidator(_check_rule)]
Encoding = Annotated[str, AfterValidator(_check_encoding)]
Factor = Annotated[float | str, BeforeValidator(_check_factor)]
Curve = Annotated[list[tuple[float, float]], AfterValidator(_check_curve)]
Weights = Annotated[list[float], AfterValidator(_check_weights)]
Calendar = Annotated[Path | str, BeforeValidator(_check_calendar)]
