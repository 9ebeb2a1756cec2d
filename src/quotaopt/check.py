"""What is wrong with scenarios and their data, before anything is planned: every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from quotaopt.errors import Finding, InputError
from quotaopt.ledgers.metrics import check_metrics
from quotaopt.policy import check_rules
from quotaopt.prepare import check_data
from quotaopt.presence import check_profiles
from quotaopt.promise import note_policy
from quotaopt.scenario import Scenario, load_scenario
from quotaopt.tables import Inputs, read_inputs
from quotaopt.workload import check_workload

Read = Callable[[Scenario], Inputs]
T = TypeVar("T")


def gather(steps: Iterable[Callable[[], T]]) -> list[T]:
    """What each step gives, in order.

    Raises
    ------
    InputError
        With every problem of all of them, each once.
    """
    made, findings = list[T](), dict[Finding, None]()
    for step in steps:
        try:
            made.append(step())
        except InputError as error:
            findings |= dict.fromkeys(error.findings)
    if findings:
        raise InputError(findings)
    return made


def load_scenarios(names: Sequence[str], project: Path, sets: Sequence[str] = ()) -> list[Scenario]:
    """Load several scenarios; InputError with every problem of all of them."""
    return gather(partial(load_scenario, name, project, sets) for name in names)


def check_all(names: Sequence[str], project: Path, sets: Sequence[str] = ()) -> tuple[list[Finding], list[Finding]]:
    """Problems and warnings of several scenarios and their data, each once; what names no file names the scenario."""
    findings = dict[Finding, None]()
    for name in names:
        try:
            found = check_scenario(load_scenario(name, project, sets))[1]
        except InputError as error:
            found = [*error.findings]
        at = f"scenarios/{name}.toml" if len(names) > 1 else ""
        findings |= dict.fromkeys(finding if finding.file else replace(finding, file=at) for finding in found)
    return problems_in([*findings]), [finding for finding in findings if finding.severity != "error"]


def check_scenario(scenario: Scenario, read: Read = read_inputs) -> tuple[Inputs | None, list[Finding]]:
    """Read everything and collect every problem and warning, in file order; no inputs when there is a problem."""
    findings = list(check_rules(scenario))
    inputs = None
    try:
        inputs = read(scenario)
        findings += [*check_profiles(inputs, scenario.settings), *check_workload(inputs, scenario.settings)]
        findings += inputs.warnings
        if not problems_in(findings):
            findings += [*check_data(scenario, inputs), *note_policy(scenario, inputs)]
            findings += check_metrics(scenario, inputs, lambda metric: check_scenario(metric, read))
    except InputError as error:
        findings += error.findings
    return inputs if not problems_in(findings) else None, findings


def read_checked(scenario: Scenario, read: Read = read_inputs) -> Inputs:
    """The input tables of a scenario that can be planned.

    Raises
    ------
    InputError
        With every problem of the scenario and its data.
    """
    inputs, findings = check_scenario(scenario, read)
    if inputs is None:
        raise InputError(problems_in(findings))
    return inputs


def problems_in(findings: Sequence[Finding]) -> list[Finding]:
    """Those findings that stop a run."""
    return [finding for finding in findings if finding.severity == "error"]
