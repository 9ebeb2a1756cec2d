"""A plan as tables: every number of a run, in the columns that `columns` declares.

Quotas are written from whole rounding units times the unit, exactly; every other amount is rounded to cents
and every ratio to six digits, so that a re-run of an unchanged scenario writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt import columns as c
from quotaopt.byhand import cells_of
from quotaopt.capacity import Capacity, capacity_table, outlook_table
from quotaopt.columns.hand import POTENTIAL, WINDFALL
from quotaopt.columns.quality import INVERSIONS
from quotaopt.columns.tree import NODES
from quotaopt.errors import Finding
from quotaopt.forecast import Forecast, forecast_table
from quotaopt.measures import make_view, measure_table
from quotaopt.measures.inversions import inversion_table
from quotaopt.measures.timing import note_season
from quotaopt.money import money_text
from quotaopt.node_table import has_nodes, node_table
from quotaopt.people import note_tables, people_measures, people_tables
from quotaopt.plan import Plan
from quotaopt.problem import Problem
from quotaopt.scenario import Scenario
from quotaopt.settings import Settings
from quotaopt.tables import Inputs

DECIMALS = {"money": 2, "ratio": 6}
SIGNIFICANT = 12
MONEY = ("amount", "kept", "windfall")
SHARED = ["rep_id", "product_id", "period", "potential"]  # columns of forecast and capacity alike

Tables = dict[str, tuple[pd.DataFrame, Sequence[c.Column]]]


def tables_of(
    run_id: str,
    scenario: Scenario,
    inputs: Inputs,
    forecast: Forecast,
    capacity: Capacity,
    plan: Plan,
    notes: Iterable[Finding] = (),
) -> Tables:
    """Every table of a run by file name (without ``.csv``), with its columns.

    ``quotas`` and ``totals`` are there when a plan exists, ``conflicts`` when none does.
    """
    cells = cell_table(scenario, inputs, forecast, capacity, plan)
    made: Tables = {}
    if plan.quota is not None:
        stamp = {"run_id": run_id, "scenario": scenario.name}
        made["quotas"] = cells.assign(**stamp), c.QUOTAS
        made["totals"] = total_table(cells, scenario, plan.problem.unit).assign(**stamp), c.TOTALS
        if has_nodes(scenario.settings):
            made["nodes"] = node_table(scenario, inputs, plan), NODES
    else:
        made["conflicts"] = plan.conflicts, c.CONFLICTS
    made |= forecast_tables(inputs, forecast, capacity, scenario.settings, cells)
    people = people_tables(scenario, inputs, forecast, capacity, plan)
    made |= people
    made["rules"] = plan.rules, c.RULES
    made["goals"] = plan.goals, c.GOALS
    made["fairness"] = plan.fairness, c.FAIRNESS
    made["measures"] = plan.measures, c.MEASURES
    if plan.quota is not None:
        view = make_view(inputs, forecast, capacity, plan, scenario.settings, targets_of(scenario))
        made["measures"] = measure_table(view, plan.measures, people_measures(people, plan)), c.MEASURES
        notes = (*notes, *note_season(view))
        turned = inversion_table(view, plan.fairness)
        made |= {"inversions": (turned, INVERSIONS)} if len(turned) else {}
    findings = (*notes, *note_tables(people, scenario), *inputs.warnings, *forecast.notes, *capacity.notes, *plan.notes)
    made["warnings"] = finding_table(findings), c.WARNINGS
    return shape_tables(made)


def shape_tables(tables: Tables) -> Tables:
    """Each table with exactly its columns, rounded by what they count."""
    return {name: (shape(frame, columns), columns) for name, (frame, columns) in tables.items()}


def forecast_tables(
    inputs: Inputs, forecast: Forecast, capacity: Capacity, settings: Settings, cells: pd.DataFrame
) -> Tables:
    """Those tables of a run that need no plan, by file name; `cells` as from `forecast_cells`.

    ``vacant``, ``fenced``, ``floored``, ``windfall`` and ``potential`` are there when they hold something.
    """
    made: Tables = {
        "forecast": (cells, c.FORECAST),
        "capacity": (cells, c.CAPACITY),
        "outlook": (outlook_table(forecast, capacity, inputs, settings), c.OUTLOOK),
        "accuracy": (forecast.accuracy, c.ACCURACY),
    }
    found = {"vacant": (forecast.vacant, c.VACANT), "fenced": (forecast.fenced, c.FENCED)}
    found["floored"] = (forecast.floored, c.FLOORED)
    windfall = inputs.more.get("windfall", pd.DataFrame())
    found["windfall"] = (windfall.astype(dict.fromkeys(MONEY, float)) if len(windfall) else windfall, WINDFALL)
    if capacity.market is not None:
        found["potential"] = (capacity.market.table, POTENTIAL)
    return made | {name: pair for name, pair in found.items() if len(pair[0])}


def forecast_cells(forecast: Forecast, capacity: Capacity) -> pd.DataFrame:
    """One row per rep × product × month, with the columns of ``forecast.csv`` and ``capacity.csv``."""
    return forecast_table(forecast).join(capacity_table(forecast, capacity).drop(columns=SHARED))


def cell_table(scenario: Scenario, inputs: Inputs, forecast: Forecast, capacity: Capacity, plan: Plan) -> pd.DataFrame:
    """One row per rep × product × month with everything known of that cell; amounts in money."""
    problem, roster = plan.problem, inputs.roster.set_index("rep_id")
    table = forecast_cells(forecast, capacity)
    ends = dict(
        zip(forecast.months, pd.PeriodIndex(forecast.months, freq="M").end_time.strftime("%Y-%m-%d"), strict=True)
    )
    table = table.assign(
        rep_name=table["rep_id"].map(roster["rep_name"]).fillna(""),
        region=table["rep_id"].map(roster["region"]).fillna(""),
        period_start=table["period"] + "-01",
        period_end=table["period"].map(ends),
        last_year=forecast.last_year.ravel(),
        baseline=problem.reference.values.ravel() * float(problem.unit),
        locked=locked_cells(problem).ravel(),
        currency=scenario.settings.currency,
        unit=1,
    )
    if plan.quota is None or plan.binding_rule is None:
        return table
    units = plan.quota.ravel()
    table = table.assign(
        quota_units=units, quota=money_text(units, problem.unit), binding_rule=plan.binding_rule.ravel()
    )
    return _with_ratios(table, problem.unit)


def locked_cells(problem: Problem) -> NDArray[np.bool_]:
    """Whether a lock covers a cell (R × P × T)."""
    index = problem.index
    locked = np.zeros(index.shape, dtype=bool)
    for lock in problem.locks:
        locked[cells_of(index, lock)] = True
    return locked


def _with_ratios(table: pd.DataFrame, unit: Decimal) -> pd.DataFrame:
    quota = table["quota_units"] * float(unit)
    return table.assign(
        stretch=quota / table["capacity"].where(table["capacity"] > 0),
        change=quota / table["last_year"].where(table["last_year"] > 0) - 1,
    )


def total_table(cells: pd.DataFrame, scenario: Scenario, unit: Decimal) -> pd.DataFrame:
    """Totals by every level of ``totals.csv``; the quotas are summed in whole units."""
    levels = {"all": [], "region": ["region"], "rep": ["rep_id"], "product": ["product_id"], "period": ["period"],
              "region_product": ["region", "product_id"]}  # fmt: skip
    names = cells.drop_duplicates("rep_id").set_index("rep_id")["rep_name"]
    amounts = ["quota_units", "capacity", "last_year"]
    parts = []
    for level, by in levels.items():
        part = cells.groupby(by, sort=True)[amounts].sum() if by else cells[amounts].sum().to_frame().T
        keys = ["/".join(key) if isinstance(key, tuple) else str(key) for key in part.index] if by else ["all"]
        parts.append(part.assign(level=level, key=keys).reset_index(drop=True))
    table = pd.concat(parts, ignore_index=True).astype({"quota_units": "int64"})
    table["name"] = table["key"].map(names).where(table["level"] == "rep", "").fillna("")
    table["quota"] = money_text(table["quota_units"].to_numpy(), unit)
    wanted = targets_of(scenario)
    table["target"] = [wanted.get(pair, np.nan) for pair in zip(table["level"], table["key"], strict=True)]
    table["gap"] = table["quota_units"] * float(unit) - table["target"]
    return _with_ratios(table, unit)


def targets_of(scenario: Scenario) -> dict[tuple[str, str], float]:
    """The money each level and key must cover, where the scenario gives a value or a share."""
    settings = scenario.settings
    total = settings.target * settings.unit
    wanted = {("all", "all"): float(total)}
    for level, given in (("region", settings.by_region), ("product", settings.by_product)):
        shares = sum(given.values()) == 1
        wanted |= {(level, key): float(v * (total if shares else settings.unit)) for key, v in given.items()}
    return wanted


def finding_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings as the rows of ``warnings.csv``."""
    rows = [(f.severity, f.code, f.file, f.line, f.column, f.value, f.what, f.remedy) for f in findings]
    return pd.DataFrame(rows, columns=[column.name for column in c.WARNINGS], dtype=object)  # lines stay whole numbers


def shape(frame: pd.DataFrame, columns: Sequence[c.Column]) -> pd.DataFrame:
    """Exactly these columns in this order, rounded by what they count; a column that is missing is empty."""
    table = frame.reindex(columns=[column.name for column in columns])
    floats = [column for column in columns if pd.api.types.is_float_dtype(table[column.name])]
    return table.assign(**{column.name: _rounded(table[column.name], column.unit) for column in floats})


def _rounded(values: pd.Series[float], unit: str) -> pd.Series[float]:
    """Cents, six digits of a ratio, or twelve significant digits of what counts nothing; never -0."""
    if unit in DECIMALS:
        return values.round(DECIMALS[unit]) + 0.0
    size = np.floor(np.log10(values.abs().where(values != 0, 1.0)))
    scale = 10.0 ** (SIGNIFICANT - 1 - size)
    return (values * scale).round() / scale + 0.0
