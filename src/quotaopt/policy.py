"""The rules and goals a scenario names, checked against their signatures and filled with its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from quotaopt.errors import Finding, UnknownNameError, nearest, split_place
from quotaopt.goals import Distance, Levels, goal
from quotaopt.optimize.statement import RuleUse
from quotaopt.problem import Problem
from quotaopt.registry import Registry
from quotaopt.rules import rule

if TYPE_CHECKING:
    from quotaopt.scenario import Scenario
    from quotaopt.settings import Settings

SOFT = ("penalty", "priority")
KEEPERS = ("team", "manager")  # who may carry the quota of people on leave, by the rule keep_relief
NODES = {"by_region": "meet_region_target", "by_product": "product_mix"}  # the scenario's targets and their rules


def check_rules(scenario: Scenario) -> list[Finding]:
    """Names and parameters of rules and goals, and the names of forecaster and solver, against the registries."""
    from quotaopt.forecast import forecasters
    from quotaopt.optimize.solvers import solvers

    settings, findings = scenario.settings, []
    for name, number, given in rule_tables(settings):
        if name not in rule:
            findings.append(_unknown(scenario, rule, name, ("rules", name)))
        else:
            findings += _check(
                scenario, rule, name, {k: v for k, v in given.items() if k not in SOFT}, ("rules", name, *number)
            )
            findings += _check_soft(scenario, given, ("rules", name, *number))
    for entry in settings.goals:
        given = {"name": entry} if isinstance(entry, str) else dict(entry)
        name = given.pop("name", "")
        findings += (
            [_unknown(scenario, goal, name, ("goals",))]
            if name not in goal
            else _check(scenario, goal, name, given, ("goals",))
        )
    for registry, name, path in (
        (forecasters, settings.forecast.method, ("forecast", "method")),
        (solvers, settings.solver.name, ("solver", "name")),
    ):
        if name not in registry:
            findings.append(_unknown(scenario, registry, name, path))
    return findings


def rule_tables(settings: Settings) -> list[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Each use of a rule: its name, its number when it is used several times, its table.

    The scenario's ``by_region`` and ``by_product`` are what their rules are asked for, unless those say otherwise.
    """
    rules: dict[str, Any] = dict(settings.rules)
    for key, name in NODES.items():
        if (asked := getattr(settings, key)) and name not in rules:
            rules[name] = {"shares" if sum(asked.values()) == 1 else "values": asked}
    if settings.targets or settings.data.nodes:
        rules.setdefault("meet_node_targets", {})
    if settings.leave.to in KEEPERS and "keep_relief" not in rules:
        rules["keep_relief"] = {"by": settings.leave.to}
    uses: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []
    for name, given in rules.items():
        if isinstance(given, list):
            uses += [(name, (str(k),), dict(one)) for k, one in enumerate(given)]
        elif given is not False:
            uses.append((name, (), {} if given is True else dict(given)))
    return uses


def _finding(scenario: Scenario, path: Sequence[str], what: str, value: str = "", remedy: str = "") -> Finding:
    place = split_place(scenario.source(*path))
    return Finding(what, remedy, *place, ".".join(path), value, code="scenario")


def _unknown(scenario: Scenario, registry: Registry[Any], name: str, path: Sequence[str]) -> Finding:
    error = UnknownNameError(registry.kind, name, registry)
    return _finding(scenario, path, f"no such {registry.kind}", "" if name in path else name, error.remedy)


@cache
def _model(kind: str, name: str) -> type[BaseModel]:
    """A closed model of the keyword parameters of a rule or goal."""
    registry: Registry[Any] = rule if kind == "rule" else goal
    fields: Any = {p.name: (p.annotation, p.default) for p in registry.parameters(name).values()}
    return create_model(name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True), **fields)


def _check(
    scenario: Scenario, registry: Registry[Any], name: str, given: dict[str, Any], path: tuple[str, ...]
) -> list[Finding]:
    """Parameters of one rule or goal against its signature."""
    try:
        _model(registry.kind, name)(**given)
    except ValidationError as error:
        return [_parameter_finding(scenario, registry, name, path, e) for e in error.errors()]
    return []


def _parameter_finding(
    scenario: Scenario, registry: Registry[Any], name: str, path: tuple[str, ...], error: Any
) -> Finding:
    where = tuple(str(p) for p in error["loc"])
    if error["type"] == "extra_forbidden":
        known = list(registry.parameters(name)) + list(SOFT)
        near = nearest(where[-1], known)
        return _finding(
            scenario,
            (*path, *where),
            f"{name} has no such parameter",
            "",
            f"Did you mean {near!r}?" if near else f"Known: {', '.join(known)}.",
        )
    return _finding(scenario, (*path, *where), error["msg"][0].lower() + error["msg"][1:], str(error["input"]))


def _check_soft(scenario: Scenario, given: dict[str, Any], path: tuple[str, ...]) -> list[Finding]:
    """`penalty` must be a positive number, `priority` a whole number from 1."""
    findings = []
    if "penalty" in given and not (isinstance(given["penalty"], int | float | Decimal) and given["penalty"] > 0):
        findings.append(
            _finding(
                scenario,
                (*path, "penalty"),
                "must be a number above 0",
                str(given["penalty"]),
                "Leave it out to make the rule hard.",
            )
        )
    if "priority" in given and not (isinstance(given["priority"], int) and given["priority"] >= 1):
        findings.append(
            _finding(scenario, (*path, "priority"), "must be a whole number from 1", str(given["priority"]))
        )
    if "priority" in given and "penalty" not in given:
        findings.append(
            _finding(scenario, (*path, "priority"), "only soft rules have a priority", "", "Add a penalty.")
        )
    return findings


def rule_uses(scenario: Scenario) -> list[RuleUse]:
    """The rules of a scenario with checked parameters, and where each of their limits was written."""
    uses = []
    for name, number, given in rule_tables(scenario.settings):
        path = ("rules", name, *number)
        parameters = _model("rule", name)(**{k: v for k, v in given.items() if k not in SOFT})
        values = {k: getattr(parameters, k) for k in type(parameters).model_fields}
        penalty = given.get("penalty")
        places = {
            label: scenario.source(*path, key, label) for key, v in values.items() if isinstance(v, dict) for label in v
        }
        places |= {
            label: scenario.source(key, label)
            for key, to in NODES.items()
            if to == name
            for label in getattr(scenario.settings, key)
        }
        implied = name == "keep_relief" and name not in scenario.settings.rules
        path = ("target",) if name == "meet_target" else ("leave", "to") if implied else path
        source = scenario.source(*path)
        soft = (None if penalty is None else float(penalty), int(given.get("priority", 1)))
        uses.append(RuleUse(name, values, *soft, source, places))
    return uses


def goal_uses(scenario: Scenario, problem: Problem) -> list[tuple[str, Levels | Distance]]:
    """The goals of a scenario in order; `level_stretch` settles what they leave open."""
    found: list[tuple[str, Levels | Distance]] = []
    for entry in scenario.settings.goals:
        given = {"name": entry} if isinstance(entry, str) else dict(entry)
        name = given.pop("name")
        parameters = _model("goal", name)(**given)
        found.append((name, goal[name](problem, **{k: getattr(parameters, k) for k in type(parameters).model_fields})))
    if not any(isinstance(g, Levels) for _, g in found):
        found.append(("level_stretch", goal["level_stretch"](problem)))
    return found
