"""Read and check every input file of a scenario: the border between people's files and the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from quotaopt.errors import Finding, InputError, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.accounts import (
    add_past_holders,
    check_account_shares,
    follow_accounts,
    forget_accounts,
    name_accounts,
    settle_accounts,
)
from quotaopt.tables.across import check_across
from quotaopt.tables.catalogue import TABLES, WITHOUT_ACCOUNTS
from quotaopt.tables.checks import OVERLAY, check_keys, check_order, check_shares, drop_subtotals, read_cells
from quotaopt.tables.credit import check_splits, split_sales
from quotaopt.tables.grid import Source
from quotaopt.tables.large import Large
from quotaopt.tables.metric import choose_metric, with_metric
from quotaopt.tables.overlay import make_overlays, overlay_reps
from quotaopt.tables.people import note_people, settle_roster
from quotaopt.tables.rates import settle_unit
from quotaopt.tables.read import read_sheet
from quotaopt.tables.schema import Table, plain_header
from quotaopt.tables.shape import (
    LockRow,
    make_assignments,
    make_history,
    make_locks,
    make_plan,
    make_products,
    make_roster,
    make_table,
)
from quotaopt.tables.sheet import Sheet, join_sheets
from quotaopt.tables.size import is_large, is_slow, takes
from quotaopt.tables.sources import READERS, find_sources
from quotaopt.tables.spool import UnfitError
from quotaopt.tables.where import LeftOut, keep_where
from quotaopt.tables.windfall import cut_windfalls
from quotaopt.text import counted
from quotaopt.workdays import library, list_workdays

OWN = ("history", "roster", "products", "locks", "plan", "assignments")
"""Tables that have a place of their own in `Inputs`."""
SINGLE = "single sales are split or held against a fence"
SHARES = {"assignments": (check_shares, check_account_shares), "splits": (check_splits,)}
"""What checks that shares of a table add up."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Every input table, checked; amounts are money (the files' amounts × `unit`), rows sorted by their ids.

    Attributes
    ----------
    history : rep_id, product_id, month (``YYYY-MM``), amount, and territory_id where the file has it (empty: not
        known); one row for each combination.
    roster : rep_id, rep_name, region, team, manager, channel, segment, role, peer_group (texts, empty when absent),
        start_date, end_date (NaT when absent), headcount, ramp_profile, is_vacant, include, exclude_reason, and the
        columns we do not know as given; without the reps that are left out: they stand in ``more["excluded"]``, and
        `source` (file:line) with them.
    products : product_id, product_name, family, launch_month, end_month (texts, empty when absent), and others.
    locks : quotas that must stay.
    plan : rep_id, product_id, month, quota (`Decimal`), when the scenario names a current plan.
    warnings : what was odd but no problem.
    hashes : file → SHA-256.
    assignments : rep_id, territory_id, start_date, end_date (NaT: no limit), share, region (empty when absent), when
        the scenario names them.
    more : every other table of the catalogue by its name, as `make_table` makes it; no rows where the scenario names
        no file. `overlay_reps` are the roster's rows of overlay reps, which are nowhere else.
    """

    history: pd.DataFrame
    roster: pd.DataFrame
    products: pd.DataFrame
    locks: tuple[LockRow, ...] = ()
    plan: pd.DataFrame | None = None
    warnings: tuple[Finding, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    assignments: pd.DataFrame | None = None
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def read_inputs(scenario: Scenario) -> Inputs:
    """Read every input file of a scenario.

    Raises
    ------
    InputError
        With every problem of every file, in file order, and the warnings among them.
    """
    held = _read_table(scenario, "assignments")
    wanted = bool(scenario.settings.accounts.largest) or name_accounts(held)
    sheets = {name: held if name == "assignments" else _read_table(scenario, name, wanted) for name in TABLES}
    follow_accounts(scenario, sheets["history"], held)
    check_across(scenario, sheets)
    findings = tuple(f for sheet in sheets.values() for f in sheet.findings)
    if any(f.severity == "error" for f in findings):
        raise InputError(findings)
    more = {name: make_table(sheet) for name, sheet in sheets.items() if name not in OWN}
    people = make_table(sheets["roster"])
    more["roster_market"] = people[["rep_id", "potential", "accounts"]]
    more["roster_local"] = people[["rep_id", "currency"]]
    more["product_market"] = make_table(sheets["products"])[["product_id", "supply_cap", "price"]]
    everybody = make_roster(sheets["roster"])
    more["windfall"] = cut_windfalls(sheets["history"], everybody, scenario.settings.forecast)
    split_sales(sheets["history"], more["splits"])
    history = make_history(sheets["history"])
    if sheets["history"].has("account_id"):
        more["account_sales"] = make_history(sheets["history"], "account_id")
    findings += tuple(f for f in sheets["history"].findings if f.code == "windfall")
    roster, more["excluded"] = settle_roster(everybody, scenario.settings)
    findings += (*_check_calendar(scenario, more["calendar_changes"]), *note_people(more["excluded"]))
    theirs = roster["rep_id"].isin(overlay_reps(sheets["roster"]))
    if theirs.any():
        spans = make_table(sheets["assignments"])
        more["overlays"] = make_overlays(more["overlays"], spans[spans["kind"].str.casefold().isin(OVERLAY)])
        more["overlay_reps"], roster = roster[theirs], roster[~theirs].reset_index(drop=True)
    return Inputs(
        history,
        roster,
        make_products(sheets["products"], history),
        make_locks(sheets["locks"]),
        make_plan(sheets["plan"]) if scenario.settings.data.plan else None,
        findings,
        {file: digest for sheet in sheets.values() for file, digest in sheet.hashes.items()},
        _assign(scenario, held, more),
        more,
    )


def _assign(scenario: Scenario, sheet: Sheet, more: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Who holds what, accounts since before the first day that is written; None where the scenario names no file."""
    if not scenario.settings.data.assignments:
        return None
    assignments = make_assignments(sheet)
    return add_past_holders(assignments, more["account_sales"]) if name_accounts(sheet) else assignments


def read_table(place: Path, name: str) -> Sheet:
    """One file that no scenario names, as a table of the catalogue; problems in its findings, amounts as texts."""
    sources = find_sources(place, str, "auto")
    sheet = join_sheets(TABLES[name], [read_sheet(source, TABLES[name], {}) for source in sources])
    if not sources:
        sheet.findings.append(Finding("no such file", file=str(place), code="file"))
    drop_subtotals(sheet)
    read_cells(sheet)
    check_keys(sheet, TABLES[name].remedy)
    return sheet


def _read_table(scenario: Scenario, name: str, accounts: bool = False) -> Sheet:
    """All files of one table, with everything that can be checked without the other tables."""
    data, table = scenario.settings.data, TABLES[name]
    if name == "history" and not accounts and data.duplicates == "sum":
        table = WITHOUT_ACCOUNTS
    calendar = scenario.settings.calendar
    listed = (calendar,) if name == "calendar_changes" and isinstance(calendar, Path) else ()
    places = (*listed, *getattr(data, name))
    if not places and not getattr(data.columns, name):
        return Sheet(table)
    found = [(place, find_sources(place, scenario.show, data.encoding)) for place in places]
    missing = [_no_file(scenario, name, place) for place, sources in found if not sources]
    sources = [source for _, each in found for source in each]
    reason = ""
    if name == "history" and is_large(sources):
        try:
            if data.splits or scenario.settings.forecast.deal_fence:
                raise UnfitError(SINGLE)
            with Large(table, data.where.history) as large:
                return _check_sources(scenario, table, sources, missing, accounts, large)
        except ImportError:
            reason = 'pip install "quotaopt[parquet]" makes it quicker'
        except UnfitError as failure:
            reason = f"{failure}"
    sheet = _check_sources(scenario, table, sources, missing, accounts)
    if reason and is_slow(sources):
        sheet.warn("large, and read cell by cell, which needs time and memory", f"The reason: {reason}.", code="large")
    return sheet


def _check_sources(
    scenario: Scenario,
    table: Table,
    sources: Sequence[Source],
    missing: Sequence[Finding],
    accounts: bool,
    large: Large | None = None,
) -> Sheet:
    """These files as one checked sheet; those of a `large` history are added up, by accounts where these are asked."""
    data, name = scenario.settings.data, table.name
    mapping: Mapping[str, str] = getattr(data.columns, name)
    read_as = with_metric(mapping, data.metric) if name == "history" else mapping
    where = getattr(data.where, name)
    if table is WITHOUT_ACCOUNTS:
        read_as = {theirs: ours for theirs, ours in read_as.items() if ours != "account_id"}
    parts = [read_sheet(s, table, read_as, large.skim if large and takes(s) else None, where) for s in sources]
    sheet = join_sheets(table, parts)
    sheet.findings[:0] = [*missing, *_check_mapping(scenario, name, mapping, parts)]
    if name == "history":
        choose_metric(scenario, sheet)
    settle_unit(scenario, name, sheet)
    keep_where(scenario, name, sheet, parts, large.left if large else LeftOut())
    if large:
        if sheet.has("windfall"):
            raise UnfitError(SINGLE)
        large.note(sheet)
    drop_subtotals(sheet)
    settle_accounts(sheet)
    read_cells(sheet)
    if name == "history":
        _name_months(sheet)
        _count_returns(sheet, large)
    adding = name == "history" and data.duplicates == "sum"
    again = (large.check_keys if large else check_keys)(sheet, "" if adding else table.remedy)
    if adding and again:
        sheet.warn(f"added up the amounts of {counted(again, 'row')} that repeat an earlier one", code="duplicate")
    if not accounts:
        forget_accounts(sheet)
    check_order(sheet, "start_date", "end_date")
    check_order(sheet, "launch_month", "end_month")
    for check in SHARES.get(name, ()):
        check(sheet)
    return large.add_up(sheet) if large else sheet


def _name_months(history: Sheet) -> None:
    """The month of each day, where the history has days."""
    if history.has("date"):
        history.frame["month"] = history.convert("date", lambda day: day[:7])


def _count_returns(history: Sheet, large: Large | None) -> None:
    """Say how many amounts are negative."""
    if history.has("amount"):
        returns = history.rows_where("amount", lambda text: text.startswith("-")).size
        returns += large.count_returns() if large else 0
        if returns:
            history.warn(f"{counted(returns, 'negative amount')}, taken as returns", code="returns")


def _check_calendar(scenario: Scenario, changes: pd.DataFrame) -> Iterator[Finding]:
    """Say which years of the plan have days that may still be moved, or that a list of days leaves out."""
    settings = scenario.settings
    calendar = list_workdays(settings, changes)
    for year in calendar.provisional(settings.months):
        if calendar.country:
            what = f"provisional for {year}: no moved working days of {calendar.country} are known yet ({library()})"
        else:
            what = f"{scenario.show(Path(calendar.name))} has no day of {year}: Monday to Friday are taken as worked"
        remedy = "List the days that were announced in data.calendar_changes."
        place = split_place(scenario.source("calendar"))
        yield Finding(what, remedy, *place, "calendar", severity="warning", code="calendar")


def _no_file(scenario: Scenario, name: str, place: Path) -> Finding:
    source = split_place(scenario.source("data", name))
    if place.is_dir():
        return Finding("a folder, not a file", "", *source, f"data.{name}", scenario.show(place), code="file")
    folder = place.parent
    beside = [p.name for p in folder.iterdir() if p.suffix.lower() in {*READERS, ".gz"}] if folder.is_dir() else []
    near = nearest(place.name.partition("#")[0], sorted(beside))
    remedy = f"Nearest: {near!r}." if near else "Paths are relative to the file that writes them."
    return Finding("no such file", remedy, *source, f"data.{name}", scenario.show(place), code="file")


def _check_mapping(scenario: Scenario, name: str, mapping: Mapping[str, str], parts: list[Sheet]) -> list[Finding]:
    """Problems of ``[data.columns]``: a column we do not have, or a header that no file has."""
    found = []
    columns = [f.name for f in TABLES[name].fields]
    headers = dict.fromkeys(part.headers.get(c, c) for part in parts for c in map(str, part.frame))
    for theirs, ours in mapping.items():
        place = split_place(scenario.source("data", "columns", name, theirs))
        key = f"data.columns.{name}.{theirs}"
        if ours not in columns:
            near = nearest(ours, columns)
            remedy = f"Did you mean {near!r}?" if near else f"Columns: {', '.join(columns)}."
            found.append(Finding("no such column", remedy, *place, key, ours, code="columns"))
        elif headers and plain_header(theirs) not in map(plain_header, headers):
            near = nearest(theirs, headers)
            remedy = f"Nearest: {near!r}." if near else f"The headers are: {', '.join(headers)}."
            found.append(Finding("no file has this header", remedy, *place, key, code="columns"))
    return found
