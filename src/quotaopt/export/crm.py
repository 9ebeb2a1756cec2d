"""Files for systems that hold quotas by person: Salesforce, Clari, Freshsales, HubSpot.

Their columns are those the vendors document; where that stands is told in ``docs/howto-export.md``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError
from quotaopt.export._registry import Options, exports
from quotaopt.export.ids import FORMS, Wanted
from quotaopt.export.layout import Layout, Split, lay_out, write_layout
from quotaopt.export.ledgers import GOAL, QUOTAS, counts_money, file_name, name_goal
from quotaopt.export.master import Ints
from quotaopt.export.periods import make_periods

GOALS = {"month": "Monthly", "quarter": "Quarterly", "year": "Yearly"}


@exports
def salesforce(
    run: Run,
    folder: Path,
    options: Options,
    *,
    forecasting_type_id: str,
    period: Literal["month", "quarter"] = "month",
    fiscal_start: int = 1,
    id_column: str = "crm_user_id",
    owner_header: Literal["QuotaOwnerId", "UserId"] = "QuotaOwnerId",
    product_family: Split = "none",
    territory_column: str = "",
    with_currency: bool = True,
    amount_header: Literal["", "QuotaAmount", "QuotaQuantity"] = "",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """Salesforce ForecastingQuota: one row per user and period, by product family or territory if asked."""
    if not re.fullmatch(FORMS["salesforce"][0], forecasting_type_id):
        what = FORMS["salesforce"][1]
        raise InputError([Finding(what, column="forecasting_type_id", value=forecasting_type_id, code="option")])
    layout = lay_out(
        run, Wanted(id_column, "salesforce"), period=period, fiscal_start=fiscal_start, split=product_family,
        skip_zero=skip_zero, ledger=ledger, also=Wanted(territory_column, "salesforce", "territory_column", own=False),
    )  # fmt: skip
    amount = amount_header or ("QuotaAmount" if counts_money(ledger) else "QuotaQuantity")
    columns: dict[str, Any] = {
        owner_header: layout.owner,
        "ForecastingTypeId": forecasting_type_id,
        "StartDate": layout.starts,
        amount: layout.amount,
    }
    if with_currency and layout.master.scenario.settings.currency:
        columns["CurrencyIsoCode"] = layout.master.scenario.settings.currency
    if product_family != "none":
        columns["ProductFamily"] = layout.item
    if territory_column:
        columns["Territory2Id"] = layout.told(territory_column)
    path = folder / file_name("salesforce", ledger, "quotas")
    return [write_layout(layout, path, columns, options, owner=owner_header, amount=amount, period="StartDate")]


@exports
def clari(
    run: Run,
    folder: Path,
    options: Options,
    *,
    quota_name: str = GOAL,
    annual_name: str = "",
    period: Literal["month", "quarter", "year"] = "quarter",
    fiscal_start: int = 1,
    id_column: str = "crm_user_id",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """Clari quota upload: CRM_USER_ID, QUOTA_NAME, PERIOD_NAME, QUOTA_GOAL; a yearly quota repeated if named."""
    layout = lay_out(
        run, Wanted(id_column), period=period, fiscal_start=fiscal_start, skip_zero=skip_zero, ledger=ledger
    )
    owner, labels, amount = np.array(layout.owner), np.array(layout.labels("clari")), layout.amount
    quota_name = name_goal(quota_name, ledger)
    names = np.full(len(owner), quota_name, dtype=object)
    if annual_name == quota_name:
        what, remedy = "the same name for yearly and other quotas", "Name them apart."
        raise InputError([Finding(what, remedy, column="annual_name", value=annual_name, code="option")])
    if annual_name:
        owner, labels = np.tile(owner, 2), np.tile(labels, 2)
        amount = np.concatenate([amount, layout.master.text(_yearly(layout, fiscal_start))])
        names = np.repeat(np.array([quota_name, annual_name], dtype=object), len(names))
    columns = {"CRM_USER_ID": owner, "QUOTA_NAME": names, "PERIOD_NAME": labels, "QUOTA_GOAL": amount}
    return [
        write_layout(
            layout, folder / file_name("clari", ledger, "quotas"), columns, options, owner="CRM_USER_ID",
            amount="QUOTA_GOAL", period="PERIOD_NAME", only={"QUOTA_NAME": quota_name},
        )
    ]  # fmt: skip


def _yearly(layout: Layout, fiscal_start: int) -> Ints:
    """The quota of each row's rep in each row's year; years must be whole."""
    make_periods(layout.master.periods, "year", fiscal_start)
    year = [layout.periods[k].year for k in layout.period]
    return pd.Series(layout.units).groupby([layout.rep, year]).transform("sum").to_numpy(np.int64)


@exports
def freshsales(
    run: Run,
    folder: Path,
    options: Options,
    *,
    period: Literal["month", "quarter", "year"] = "month",
    fiscal_start: int = 1,
    id_column: str = "email",
    activity: str = "",
    outcome: str = "",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """Freshsales goals: one row per user's e-mail and period, with its first and last day."""
    layout = lay_out(
        run, Wanted(id_column, "email"), period=period, fiscal_start=fiscal_start, skip_zero=skip_zero, ledger=ledger
    )
    columns: dict[str, Any] = {
        "User email": layout.owner,
        "Goal type": "User",
        "Goal period": GOALS[period],
        "Goal start date": layout.starts,
        "Goal end date": layout.ends,
        "Target": layout.amount,
        "Team": "",
        "Activity": activity,
        "Outcome": outcome,
    }
    path = folder / file_name("freshsales", ledger, "goals")
    return [write_layout(layout, path, columns, options, owner="User email", amount="Target", period="Goal start date")]


@exports
def hubspot(
    run: Run,
    folder: Path,
    options: Options,
    *,
    goal_name: str = GOAL,
    period: Literal["month", "quarter", "year"] = "month",
    fiscal_start: int = 1,
    id_column: str = "hubspot_owner_id",
    team_column: str = "",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """HubSpot goal targets by their API names: one row per owner and period, times in UTC."""
    layout = lay_out(
        run, Wanted(id_column, "number"), period=period, fiscal_start=fiscal_start, skip_zero=skip_zero, ledger=ledger,
        also=Wanted(team_column, "number", "team_column", own=False),
    )  # fmt: skip
    columns: dict[str, Any] = {
        "hs_goal_name": name_goal(goal_name, ledger),
        "hs_target_amount": layout.amount,
        "hs_start_datetime": [f"{day}T00:00:00Z" for day in layout.starts],
        "hs_end_datetime": [f"{day}T23:59:59Z" for day in layout.ends],
        "hubspot_owner_id": layout.owner,
    }
    if team_column:
        columns["hubspot_team_id"] = layout.told(team_column)
    path = folder / file_name("hubspot", ledger, "goals")
    return [
        write_layout(
            layout, path, columns, options, owner="hubspot_owner_id", amount="hs_target_amount",
            period="hs_start_datetime",
        )
    ]  # fmt: skip
