"""One changed number of a scenario: ``target=+1%``, ``by_region.North=-50000``, ``rules.limit_change.up=1.3``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from quotaopt.advice import explain_error
from quotaopt.errors import Finding, InputError, nearest
from quotaopt.policy import check_rules
from quotaopt.registry import Registry
from quotaopt.rules import rule
from quotaopt.scenario import Scenario, flatten
from quotaopt.settings import Settings
from quotaopt.tomltext import parse_toml

PLACE = "--what-if"
FIXED = ("version", "model", "first_month", "last_month", "data", "forecast", "ramp", "output", "solver", "unit")
"""Keys that change what is read or forecast, or nothing of the plan: `run --set` is the way to try these."""
NODES = ("by_region", "by_product")


@dataclass(frozen=True)
class Change:
    """A number moved by `step` (a share of it when `relative`), up and down; or without a step set to `value`."""

    text: str
    key: str
    value: Any = None
    step: Decimal | None = None
    relative: bool = False

    @property
    def ways(self) -> tuple[str, ...]:
        """What is tried: ``up`` and ``down``, or ``to`` the value."""
        return ("to",) if self.step is None else ("up", "down")


def parse_change(text: str) -> Change:
    """Read KEY=VALUE, where VALUE is +1%, -50000 (both: up and down by that much) or a plain value.

    Raises
    ------
    InputError
        If it is neither, or if the key is none that can be asked about here.
    """
    key, _, value = (part.strip() for part in text.partition("="))
    if not key or not value:
        raise _problem("not KEY=VALUE", "Write --what-if target=+1%.", text)
    if key.partition(".")[0] in FIXED:
        raise _problem("changes more than the plan", f"Try: quotaopt run --set {key}=…", text)
    if found := re.fullmatch(r"[+-](\d[\d_]*\.?\d*)(%?)", value):
        size = Decimal(found[1])
        return Change(text, key, step=size / 100 if found[2] else size, relative=bool(found[2]))
    try:
        return Change(text, key, parse_toml(f"v = {value}")["v"])
    except ValueError:
        return Change(text, key, value)


def apply_change(scenario: Scenario, change: Change, way: str) -> tuple[Scenario, Any, Any]:
    """The scenario with the change made one way, and the value before and after.

    One of the targets by region (or product) moves against the others, which share the rest in proportion, so that
    they still add up; shares become amounts when an amount is asked for.

    Raises
    ------
    InputError
        If there is no such number, or if the changed scenario is no scenario.
    """
    data = scenario.settings.model_dump()
    path = _path(data, change.key)
    before = _look_up(scenario, data, path, change)
    if path[0] in NODES and len(path) == 2:
        data[path[0]], before = _as_amounts(data[path[0]], before, change, scenario.settings.target)
    after = change.value if change.step is None else _moved(before, change, 1 if way == "up" else -1)
    if path[0] in NODES and len(path) == 2:
        data[path[0]] = _shared(data[path[0]], path[1], Decimal(after))
    else:
        _put(data, path, after)
    return _check(scenario, data, change), before, after


def _problem(what: str, remedy: str, text: str) -> InputError:
    return InputError([Finding(what, remedy, PLACE, value=text, code="what-if")])


def _path(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The parts of a dotted key; names that hold dots are recognised where they stand in the scenario."""
    for name in sorted(data, key=len, reverse=True):
        if key == name:
            return (name,)
        if key.startswith(f"{name}."):
            below = data[name]
            rest = key[len(name) + 1 :]
            return (name, *(_path(below, rest) if isinstance(below, Mapping) else rest.split(".")))
    return tuple(key.split("."))


def _look_up(scenario: Scenario, data: Mapping[str, Any], path: tuple[str, ...], change: Change) -> Any:
    """The value there is now: as written, or a rule's default."""
    value: Any = data
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None and len(path) == 3 and path[0] == "rules" and path[1] in scenario.settings.rules:
        value = _default(rule, path[1], path[2])
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if change.step is not None and not number:
        known = [name for name, one in flatten(scenario).items() if isinstance(one, int | float | Decimal)]
        near = nearest(".".join(path), known)
        remedy = f"Did you mean {near!r}?" if near else "Write a value instead of a change, like =1.2."
        raise _problem("no number to change", remedy, change.text)
    return Decimal(str(value)) if number else value


def _default(registry: Registry[Any], name: str, parameter: str) -> Any:
    found = registry.parameters(name).get(parameter) if name in registry else None
    return found.default if found and found.default not in (float("inf"), Decimal("Infinity")) else None


def _moved(before: Decimal, change: Change, sign: int) -> Decimal:
    step = change.step or Decimal(0)
    return before * (1 + sign * step) if change.relative else before + sign * step


def _as_amounts(
    nodes: Mapping[str, Decimal], before: Decimal, change: Change, target: Decimal
) -> tuple[dict[str, Decimal], Decimal]:
    """The nodes' targets as amounts when an amount is asked for."""
    asked = change.step if change.step is not None else change.value
    if sum(nodes.values()) == 1 and not change.relative and isinstance(asked, int | Decimal) and asked > 1:
        return {name: share * target for name, share in nodes.items()}, before * target
    return dict(nodes), before


def _shared(nodes: Mapping[str, Decimal], name: str, value: Decimal) -> dict[str, Decimal]:
    """The nodes with one of them set and the others, in proportion, covering what is left of the sum."""
    total = sum(nodes.values(), Decimal(0))
    rest = total - nodes.get(name, Decimal(0))
    if rest <= 0:
        return {**nodes, name: value}
    out = {k: v if k == name else v * (total - value) / rest for k, v in nodes.items()} | {name: value}
    last = max((k for k in out if k != name), key=lambda k: out[k])
    out[last] += total - sum(out.values(), Decimal(0))  # no rounding error of the divisions may remain
    return out


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        if not isinstance(data.get(part), dict):
            data[part] = {}
        data = data[part]
    data[path[-1]] = value


def _check(scenario: Scenario, data: dict[str, Any], change: Change) -> Scenario:
    origins = {**scenario.origins, change.key: f"{PLACE} {change.text}"}
    try:
        changed = replace(scenario, settings=Settings.model_validate(data), origins=origins)
    except ValidationError as failure:
        raise InputError(_placed(explain_error(e, origins, PLACE) for e in failure.errors())) from None
    if findings := check_rules(changed):
        raise InputError(_placed(findings))
    return changed


def _placed(findings: Any) -> Iterator[Finding]:
    return (replace(finding, file=PLACE, line=None) for finding in findings)
