"""Tables that stand beside the plan: decisions by hand, and what counts in no total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quotaopt.columns.hand import LOCAL, OVERLAY
from quotaopt.decisions_record import decision_tables
from quotaopt.ledgers.accounts import account_tables
from quotaopt.ledgers.overlay import credit_shares
from quotaopt.ledgers.units import unit_tables
from quotaopt.money import money_text
from quotaopt.record import Tables, shape_tables
from quotaopt.tables.rates import plain

if TYPE_CHECKING:
    from quotaopt.decisions import Decided
    from quotaopt.plan import Plan
    from quotaopt.scenario import Scenario
    from quotaopt.settings import Settings
    from quotaopt.tables import Inputs


def beside_plan(decided: Decided, scenario: Scenario, inputs: Inputs) -> Tables:
    """Each table that the scenario asks for or the data gives rise to, by file name."""
    decisions = decision_tables(decided, scenario, inputs)
    made = decisions | account_tables(decided.plan, inputs, scenario.settings)
    made |= overlay_tables(decided.plan, inputs, scenario.settings) | unit_tables(
        decided.plan, inputs, scenario.settings
    )
    return made | local_tables(decided.plan, inputs, scenario.settings.currency)


def overlay_tables(plan: Plan, inputs: Inputs, settings: Settings) -> Tables:
    """``overlay``: what each overlay rep carries; nothing where there are none, or no plan."""
    people = inputs.more.get("overlay_reps")
    if people is None or plan.quota is None:
        return {}
    index, unit, quota = plan.problem.index, plan.problem.unit, plan.quota
    parts, rows = [], inputs.more["overlays"]
    names = people.set_index("rep_id")["rep_name"]
    for rep in sorted(names.index):
        share = credit_shares(index, rows[rows["rep_id"] == rep], inputs, settings)
        covered = np.where(share > 0, quota, 0).sum(axis=0)
        credit = np.rint((share * quota).sum(axis=0)).astype(np.int64)
        p, t = np.nonzero(covered)
        cells = {"product_id": index.products.index[p], "period": index.months.index[t]}
        part = pd.DataFrame(cells | {"covered": covered[p, t], "quota": credit[p, t], "level": "cell"})
        total = {"level": "rep", "covered": [covered.sum()], "quota": [credit.sum()]}
        parts.append(pd.concat([pd.DataFrame(total), part], ignore_index=True).assign(rep_id=rep, rep_name=names[rep]))
    table = pd.concat(parts, ignore_index=True)
    whole = table.loc[table["level"] == "rep", "quota"].sum()
    head = pd.DataFrame({"level": ["all"], "covered": [quota.sum()], "quota": [whole]})
    table = pd.concat([head, table], ignore_index=True)
    table = table.fillna(dict.fromkeys(("rep_id", "rep_name", "product_id", "period"), ""))
    booked = table["covered"].to_numpy(np.float64)
    both = booked + table["quota"].to_numpy(np.float64)
    table["credited"] = np.divide(both, booked, out=np.full(booked.size, np.nan), where=booked > 0)
    amounts = {name: money_text(table[name].to_numpy(np.int64), unit) for name in ("covered", "quota")}
    return shape_tables({"overlay": (table.assign(**amounts), OVERLAY)})


def local_tables(plan: Plan, inputs: Inputs, currency: str) -> Tables:
    """``local``: quotas of months in each rep's currency, at the plan's rates; nothing where all have the plan's."""
    codes = inputs.more["roster_local"].set_index("rep_id")["currency"].map(plain)
    reps = [str(rep) for rep in plan.problem.index.reps.index if codes.get(rep, "") not in ("", plain(currency))]
    if plan.quota is None or not reps:
        return {}
    index, rates = plan.problem.index, inputs.more["rates"]
    known = {
        (plain(c), str(m)): rate for c, m, rate in zip(rates["currency"], rates["month"], rates["rate"], strict=True)
    }
    months = [str(month) for month in index.months.index]
    cells = pd.DataFrame({"rep_id": np.repeat(reps, len(months)), "period": np.tile(months, len(reps))})
    units = plan.quota.sum(axis=1)[index.reps.index.get_indexer(pd.Index(reps))].ravel()
    cells["currency"] = cells["rep_id"].map(codes)
    keys = zip(cells["currency"], cells["period"], strict=True)
    cells["rate"] = [known.get(key, known.get((key[0], ""), np.nan)) for key in keys]
    money = units.astype(np.float64) * float(plan.problem.unit)
    names = inputs.roster.set_index("rep_id")["rep_name"]
    cells = cells.assign(
        rep_name=cells["rep_id"].map(names).fillna(""),
        quota=money_text(units, plan.problem.unit),
        local_quota=np.round(money / cells["rate"], 2),
    )
    return shape_tables({"local": (cells, LOCAL)})
