"""One run: read → forecast → capacity → prepare → allocate → write → verify, and the folder it leaves.

`run_scenario` is a composition root: it decides nothing.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from quotaopt import __version__
from quotaopt.archive import RECORD, Run, find_run, list_runs, load_run, new_folder, write_samples
from quotaopt.capacity import make_capacity, rep_sums
from quotaopt.check import read_checked
from quotaopt.crosscheck import Crosscheck, solve_with_each, solver_table
from quotaopt.decisions import decide, reconcile
from quotaopt.errors import QuotaoptError
from quotaopt.feasibility import check_capacity
from quotaopt.forecast import Forecast, make_forecast
from quotaopt.ledgers.beside import beside_plan
from quotaopt.ledgers.metrics import add_metrics
from quotaopt.ledgers.overlay import note_overlays
from quotaopt.memory import Memory
from quotaopt.mend import write_repairs
from quotaopt.optimize.export_model import check_model_path, write_model
from quotaopt.optimize.solvers import solvers as solver_registry
from quotaopt.optimize.solvers import version as solver_version
from quotaopt.optimize.statement import state
from quotaopt.optimize.verify import check_written
from quotaopt.optimize.verify_accounts import check_accounts
from quotaopt.plan import Plan
from quotaopt.policy import goal_uses, rule_uses
from quotaopt.prepare import prepare
from quotaopt.promise import note_promise
from quotaopt.record import Tables, tables_of
from quotaopt.scenario import Scenario
from quotaopt.seats import with_seats
from quotaopt.tables import Inputs, write_tables
from quotaopt.workdays import make_workdays

__all__ = ["Run", "find_run", "list_runs", "run_scenario"]

SCHEMA = "quotaopt/run/1"
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "highspy", "pulp", "pydantic", "click", "rich", "holidays")
EXIT = {"optimal": 0, "feasible": 0, "approximate": 0, "infeasible": 3, "no_solution": 4, "failed": 4, "unbounded": 70}

Progress = Callable[[str], None]


def run_scenario(
    scenario: Scenario,
    *,
    solvers: Sequence[str] = (),
    out: Path | None = None,
    model: Path | None = None,
    repairs: bool = False,
    progress: Progress | None = None,
    memory: Memory | None = None,
    beside: Mapping[str, Any] | None = None,
) -> Run:
    """Run one scenario and write its folder under `out` (default: ``runs/`` of the project).

    Parameters
    ----------
    solvers : names to solve with, instead of the scenario's; tables come from the first that answers.
    model : where to write the program of the first goal, as ``.mps`` or ``.lp``.
    repairs : whether to write a scenario file for each change that would make a plan possible, when there is none.
    progress : called with a word for each stage that begins.
    memory : tables and forecasts of scenarios that share them and were checked together, this one among them.
    beside : what ``run.json`` shall say besides.

    Raises
    ------
    InputError
        With every problem of the scenario and its data; nothing is written then.
    UnknownNameError, SolverError
        If a solver's name is unknown; if none of them answers.
    QuotaoptError
        If the written plan breaks a rule; nothing is left behind then.
    """
    for name in solvers:
        solver_registry[name]  # a misspelt name must not wait for the forecast
    if model:
        check_model_path(model)
    timer = Timer(progress or (lambda _: None))
    started = datetime.now().astimezone()
    with timer("read"):
        inputs = memory.read(scenario) if memory else read_checked(scenario)
    with timer("forecast"):
        forecast = memory.forecast(scenario, inputs) if memory else make_forecast(inputs, scenario.settings)
    with timer("capacity"):
        capacity = make_capacity(forecast, inputs, scenario.settings)
        problem = reconcile(prepare(scenario, inputs, forecast, capacity), scenario, next(iter(solvers), None))
        notes = [*note_promise(scenario, rep_sums(forecast, capacity.presence) * capacity.tilt[:, None])]
        notes += check_capacity(problem, state(problem, rule_uses(scenario)), capacity)
        notes += note_overlays(inputs, problem.index, scenario.settings)
    with timer("solve"):
        checked = solve_with_each(problem, scenario, solvers or (scenario.settings.solver.name,), timer.progress)
        decided = decide(checked.plan, scenario, inputs)
        checked = replace(checked, plan=decided.plan)
    if checked.plan.status == "infeasible":
        with timer("seats"):
            checked = replace(checked, plan=with_seats(checked.plan, scenario, inputs))
    if model:
        with timer("model"):
            stated = checked.plan.statement or state(problem, rule_uses(scenario))
            quota = checked.plan.quota
            totals = None if quota is None else quota.sum(axis=(1, 2)).astype(float)
            write_model(model, problem, stated, goal_uses(scenario, problem)[0][1], totals)
    parent = out or scenario.root / "runs"
    with timer("write"), new_folder(parent, f"{started:%Y-%m-%d}-{scenario.name}") as (run_id, folder):
        tables = tables_of(run_id, scenario, inputs, forecast, capacity, checked.plan, [*notes, *checked.notes])
        tables |= beside_plan(decided, scenario, inputs)
        if len(solvers) > 1:
            tables["solvers"] = solver_table(checked)
        record = describe(run_id, scenario, inputs, forecast, checked)
        worst = add_metrics(scenario, inputs, checked.plan, run_scenario, folder, tables)
        record["exit_code"] = max(record["exit_code"], worst)
        if checked.plan.deviations:
            record["deviations"] = [[d.rule, d.by, d.scope, d.units] for d in checked.plan.deviations]
        record |= {"started": started.isoformat(), "seconds": timer.seconds, "solvers": list(solvers), **(beside or {})}
        if repairs:
            written = write_repairs(scenario, checked.plan.repairs)
            record["repairs"] = [{"file": scenario.show(path), "remedy": text} for path, text in written]
        write_run(folder, parent / run_id, scenario, tables, record, checked.plan, forecast)
    return load_run(parent / run_id)


class Timer:
    """Seconds of each stage; says which stage begins."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.seconds = progress, dict[str, float]()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        self.progress(stage)
        began = perf_counter()
        yield
        self.seconds[stage] = round(perf_counter() - began, 3)


def describe(
    run_id: str, scenario: Scenario, inputs: Inputs, forecast: Forecast, checked: Crosscheck
) -> dict[str, Any]:
    """What ``run.json`` holds, times apart."""
    settings, plan = scenario.settings, checked.plan
    total = None if plan.quota is None else number(int(plan.quota.sum()) * plan.problem.unit)
    return {
        "schema": SCHEMA,
        "id": run_id,
        "scenario": scenario.name,
        "about": settings.about,
        "model": settings.model,
        "status": plan.status,
        "exit_code": EXIT[plan.status] or checked.exit_code,
        "sentence": plan.sentence,
        "target": number(settings.target * settings.unit),
        "overassignment": number(settings.all_hedges),
        **({"hedges": {k: number(v) for k, v in settings.hedge.items()}} if settings.hedge else {}),
        "quota": total,
        "currency": settings.currency,
        "first_month": settings.months[0],
        "last_month": settings.months[-1],
        "solver": plan.solver,
        "solver_version": solver_version(plan.solver),
        "seed": settings.solver.seed,
        "counts": count(inputs, forecast, plan),
        "origins": dict(scenario.origins),
        "inputs": dict(inputs.hashes),
        "versions": versions(),
    } | make_workdays(inputs, settings).describe(settings.months)


def count(inputs: Inputs, forecast: Forecast, plan: Plan) -> dict[str, Any]:
    """How much was read, forecast and decided."""
    months = inputs.history["month"]
    methods = pd.Series(forecast.method.reshape(-1)).value_counts().sort_index()
    return {
        "sales": len(inputs.history),
        "history_first": str(months.min()),
        "history_last": str(months.max()),
        "reps": len(forecast.reps),
        "products": len(forecast.products),
        "months": len(forecast.months),
        "quotas": int(plan.problem.eligible.sum()),
        "forecast_methods": {str(name): int(n) for name, n in methods.items()},
        "flagged_reps": int((forecast.flag != "").sum()),
    }


def number(value: Decimal | int) -> int | float:
    """A whole number where it is one, for JSON."""
    return int(value) if value == int(value) else float(value)


@cache
def versions() -> dict[str, str]:
    """Versions of everything that can change a digit."""
    found = {"quotaopt": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = package_version(package)
    return found


def write_run(
    folder: Path,
    home: Path,
    scenario: Scenario,
    tables: Tables,
    record: dict[str, Any],
    plan: Plan,
    forecast: Forecast,
) -> None:
    """Write every file of a run that will live in `home`; read the quotas back and check them."""
    encoding = scenario.settings.output.csv_encoding
    write_tables(tables, folder, encoding)
    (folder / "scenario.toml").write_text(scenario.to_toml(home), encoding="utf-8")
    if plan.quota is not None:
        verify_written(folder / "quotas.csv", plan, encoding)
    record["samples"] = write_samples(folder, forecast, scenario.settings.forecast.seed)
    (folder / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def verify_written(path: Path, plan: Plan, encoding: str) -> None:
    """Refuse a written plan that breaks a rule: the independent check in whole units."""
    broken = check_written(path, plan.problem, plan.statement, encoding)
    if broken := broken or check_accounts(path.parent, plan.problem.unit, encoding):
        raise QuotaoptError("the plan fails its own check and was not written:\n  " + "\n  ".join(broken))
