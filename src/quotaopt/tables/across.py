"""What can be wrong between tables, or between a table and the scenario."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.byhand import BY_HAND, check_by_hand
from quotaopt.tables.checks import check_known
from quotaopt.tables.nested import check_tree
from quotaopt.tables.overlay import check_overlays
from quotaopt.tables.people import check_people
from quotaopt.tables.rates import convert_currencies
from quotaopt.tables.sheet import Sheet
from quotaopt.text import counted


def check_across(scenario: Scenario, sheets: Mapping[str, Sheet]) -> None:
    """Problems that need two tables, or a table and the scenario."""
    settings = scenario.settings
    roster, products = sheets["roster"], sheets["products"]
    assignments, sold = sheets["assignments"], _ids(sheets["history"], "rep_id")
    known_reps = _ids(roster, "rep_id")
    allowed = {
        "history": known_reps | _ids(assignments, "rep_id"),
        **dict.fromkeys(BY_HAND, known_reps),
        "plan": known_reps,
        "assignments": known_reps | sold,
        "overlays": known_reps,
        "splits": known_reps | sold,
        "potential": known_reps,
        "leave": known_reps,
        "headcounts": known_reps,
        "supply": known_reps,
    }
    if settings.data.unknown_reps == "drop":
        _drop_unknown(sheets["history"], roster, allowed["history"])
    known = products if products.has("product_id") else sheets["history"]
    ids = _ids(known, "product_id")
    for name, reps in allowed.items():
        if roster.has("rep_id"):
            extra = ' Or set data.unknown_reps = "drop".' if name == "history" else ""
            check_known(sheets[name], "rep_id", reps, _files(roster), f"Add the rep there.{extra}")
        if known.has("product_id") and known is not sheets[name]:
            check_known(sheets[name], "product_id", ids, _files(known), "Add the product there.")
    _check_potential(sheets["potential"], assignments)
    check_known(sheets["splits"], "credit_rep", known_reps, _files(roster), "Add the rep there.")
    check_overlays(sheets, _files(roster))
    _check_territories(sheets["history"], assignments)
    profiles = settings.ramp.profiles
    check_known(roster, "ramp_profile", profiles, "[ramp.profiles]", f"Profiles: {', '.join(profiles) or 'none'}.")
    months = settings.months
    check_by_hand(sheets, months)
    _check_names(scenario, roster, "region", "by_region", settings.by_region)
    _check_names(scenario, known, "product_id", "by_product", settings.by_product)
    _check_names(scenario, roster, "role", "ramp.roles", settings.ramp.roles)
    _check_names(scenario, known, "product_id", "potential.by_product", settings.potential.by_product)
    _check_names(scenario, known, "product_id", "price", settings.price)
    _check_pay(scenario, roster)
    _check_events(scenario, sheets, known)
    _drop_other_months(sheets["plan"], months)
    convert_currencies(scenario, sheets)
    check_tree(scenario, sheets, ids)
    check_people(scenario, sheets)


def _check_names(scenario: Scenario, sheet: Sheet, column: str, key: str, names: Collection[str]) -> None:
    """Report names under a key of the scenario that no row of the sheet has; each may have a line of its own."""
    known = _ids(sheet, column) if sheet.has(column) else names
    for name in names:
        if name not in known:
            near = nearest(name, known)
            remedy = f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(known))}."
            place = split_place(scenario.source(key, name))
            sheet.findings.append(Finding(f"not in {_files(sheet)}", remedy, *place, key, name, code=f"unknown-{key}"))


def _check_pay(scenario: Scenario, roster: Sheet) -> None:
    """Report roles of ``[pay]`` that nobody has, a column the roster has not, and pay in it that is no number."""
    pay = scenario.settings.pay
    _check_names(scenario, roster, "role", "pay.curve_by_role", pay.curve_by_role)
    _check_names(scenario, roster, "role", "pay.target_pay_by_role", pay.target_pay_by_role)
    if not pay.column or not roster.hashes:
        return
    if pay.column not in roster.frame:
        near = nearest(pay.column, [str(name) for name in roster.frame])
        remedy = f"Did you mean {near!r}?" if near else "Add it there."
        place = split_place(scenario.source("pay", "column"))
        what = f"{_files(roster)} has no such column"
        roster.findings.append(Finding(what, remedy, *place, "pay.column", pay.column, code="columns"))
        return
    texts = pd.to_numeric(roster.frame[pay.column].replace("", "0"), errors="coerce")
    wrong = np.flatnonzero((texts.isna() | (texts < 0)).to_numpy())
    roster.report(wrong, pay.column, "no amount of pay", "Write a number from 0 on, or leave it empty.", code="number")


def _check_territories(history: Sheet, assignments: Sheet) -> None:
    """Territories written in the history must be assigned to somebody; without assignments they are not looked at."""
    if assignments.has("territory_id"):
        known = _ids(assignments, "territory_id")
        check_known(history, "territory_id", known, _files(assignments), "Add the territory there.")
    elif history.has("territory_id") and len(history.frame):
        remedy = "Say who holds which territory in a table of assignments (data.assignments)."
        history.warn(f"{history.label('territory_id')} is not used", remedy, code="territory")


def _check_potential(potential: Sheet, assignments: Sheet) -> None:
    """Report potentials of nobody, or of two holders, and territories that nobody holds."""
    if not potential.has("potential"):
        return
    empty = np.full(len(potential.frame), "")
    rep, territory = (potential.frame[c].to_numpy() if potential.has(c) else empty for c in ("rep_id", "territory_id"))
    odd = np.flatnonzero((rep == "") == (territory == ""))
    potential.report(
        odd, "potential", "neither of a rep nor of a territory alone", "Name one of the two.", whole_row=True
    )
    held = _ids(assignments, "territory_id")
    check_known(potential, "territory_id", held, "the assignments", "Say who holds it in data.assignments.")


def _check_events(scenario: Scenario, sheets: Mapping[str, Sheet], products: Sheet) -> None:
    """Report declared events with unknown names, or with a factor to estimate and no sales to estimate it from."""
    roster, history = sheets["roster"], sheets["history"]
    last = max(_ids(history, "month"), default="9999")
    for i, event in enumerate(scenario.settings.forecast.events):
        key = f"forecast.events.{i}"
        _check_names(scenario, roster, "rep_id", f"{key}.rep", {event.rep} - {""})
        _check_names(scenario, roster, "region", f"{key}.region", {event.region} - {""})
        _check_names(scenario, products, "product_id", f"{key}.product", {event.product} - {""})
        if event.factor == "estimate" and event.month > last:
            place = split_place(scenario.source(f"{key}.month"))
            what, remedy = f"no sales from then on: history ends {last}", "Write the factor."
            history.findings.append(Finding(what, remedy, *place, f"{key}.month", event.month, code="event"))


def _drop_unknown(history: Sheet, roster: Sheet, known: set[str]) -> None:
    if history.has("rep_id") and roster.has("rep_id"):
        unknown = history.rows_where("rep_id", lambda text: text not in known)
        if unknown.size:
            reps = len(set(history.frame["rep_id"].to_numpy()[unknown]))
            rows = f"{counted(int(history.count[unknown].sum()), 'row')} of {counted(reps, 'rep')}"
            history.warn(f"left out {rows} not in {_files(roster)}", code="unknown-rep")
            history.keep(~np.isin(np.arange(len(history.frame)), unknown))


def _drop_other_months(plan: Sheet, months: tuple[str, ...]) -> None:
    if plan.has("month"):
        other = plan.rows_where("month", lambda month: month and month not in months)
        if other.size:
            plan.warn(f"left out {counted(other.size, 'row')} outside the plan's months", code="months")
            plan.keep(~np.isin(np.arange(len(plan.frame)), other))


def _ids(sheet: Sheet, column: str) -> set[str]:
    return set(sheet.texts(column)) - {""} if sheet.has(column) else set()


def _files(sheet: Sheet) -> str:
    return " or ".join(sheet.hashes) or f"the {sheet.table.name}"
