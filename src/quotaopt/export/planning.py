"""Files for systems that hold quotas by territory or by item: Varicent, Oracle, ERPNext."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from quotaopt.archive import Run
from quotaopt.errors import Finding, InputError
from quotaopt.export._registry import Options, exports
from quotaopt.export.ids import Wanted
from quotaopt.export.layout import Split, lay_out, refuse_repeats, write_layout
from quotaopt.export.ledgers import QUOTAS, counts_money, file_name
from quotaopt.export.periods import Kind


@exports
def varicent(
    run: Run,
    folder: Path,
    options: Options,
    *,
    period: Kind = "month",
    fiscal_start: int = 1,
    id_column: str = "territory_id",
    component: Split = "none",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """Varicent Sales Planning quota file: Territory ID, Value, Period; products as quota components if asked."""
    layout = lay_out(
        run,
        Wanted(id_column),
        period=period,
        fiscal_start=fiscal_start,
        split=component,
        skip_zero=skip_zero,
        ledger=ledger,
    )
    refuse_repeats(layout, "english")
    columns: dict[str, Any] = {"Quota component": layout.item} if component != "none" else {}
    if component == "none" and ledger != QUOTAS:
        columns["Quota component"] = ledger
    columns |= {"Territory ID": layout.owner, "Value": layout.amount}
    if period != "year":
        columns["Period"] = layout.labels("english")
    named = "" if period == "year" else "Period"
    path = folder / file_name("varicent", ledger, "quotas")
    return [write_layout(layout, path, columns, options, owner="Territory ID", amount="Value", period=named)]


@exports
def oracle(
    run: Run,
    folder: Path,
    options: Options,
    *,
    quota_plan_name: str,
    period: Literal["month", "quarter"] = "month",
    period_labels: Literal["ledger", "short", "clari"] = "ledger",
    fiscal_start: int = 1,
    id_column: str = "territory_id",
    parent_column: str = "parent_territory_name",
    name_column: str = "territory_name",
    action: Literal["", "INSERT", "UPDATE"] = "",
    skip_zero: bool = False,
    ledger: str = QUOTAS,
) -> list[Path]:
    """Oracle CX Sales territory quotas: the annual file and the file of periods, as their import tables name them."""
    annual = lay_out(
        run, Wanted(id_column), period="year", fiscal_start=fiscal_start, skip_zero=skip_zero, ledger=ledger
    )
    if len(annual.periods) > 1:
        what = f"one quota plan is one year, and the run has {len(annual.periods)}"
        raise InputError([Finding(what, "Export a plan of one year.", column="period", code="option")])
    parts = lay_out(
        run, Wanted(id_column), period=period, fiscal_start=fiscal_start, skip_zero=skip_zero, ledger=ledger
    )
    if period_labels == "short":
        refuse_repeats(parts, period_labels)
    currency, begin = annual.master.scenario.settings.currency, annual.periods[0].start
    whole: dict[str, Any] = {
        "QUOTA_PLAN_NAME": quota_plan_name,
        "TERRITORY_NUMBER": annual.owner,
        "TERRITORY_QUOTA": annual.amount,
        "ALLOCATION_COMMENTS": f"quotaopt {run.id}",
        "PARENT_TERITORY_NAME": annual.told(parent_column),
        "TERRITORY_NAME": annual.told(name_column),
        "CURRENCY_CODE": currency,
        "START_DATE": begin,
        "ACTION_CODE": action,
    }
    split: dict[str, Any] = {
        "QUOTA_PLAN_NAME": quota_plan_name,
        "TERRITORY_NUMBER": parts.owner,
        "PERIOD_NAME": parts.labels(period_labels),
        "TERRITORY_PERIOD_QUOTA": parts.amount,
        "PARENT_TERITORY_NAME": parts.told(parent_column),
        "TERRITORY_NAME": parts.told(name_column),
        "CURRENCY_CODE": currency,
        "START_DATE": begin,
        "ACTION_CODE": action,
    }
    owner = "TERRITORY_NUMBER"
    first, second = (file_name("oracle", ledger, noun) for noun in ("territory-quotas", "territory-quota-periods"))
    return [
        write_layout(annual, folder / first, whole, options, owner=owner, amount="TERRITORY_QUOTA"),
        write_layout(
            parts, folder / second, split, options, owner=owner, amount="TERRITORY_PERIOD_QUOTA", period="PERIOD_NAME"
        ),
    ]


@exports
def erpnext(
    run: Run,
    folder: Path,
    options: Options,
    *,
    fiscal_start: int = 1,
    id_column: str = "rep_name",
    item_group: Split = "product",
    distribution: str = "",
    skip_zero: bool = True,
    ledger: str = QUOTAS,
) -> list[Path]:
    """ERPNext Target Detail: the targets of each Sales Person by item group and fiscal year."""
    layout = lay_out(
        run,
        Wanted(id_column),
        period="year",
        fiscal_start=fiscal_start,
        split=item_group,
        skip_zero=skip_zero,
        ledger=ledger,
    )
    columns: dict[str, Any] = {
        "parent": layout.owner,
        "parenttype": "Sales Person",
        "parentfield": "targets",
        "item_group": layout.item if item_group != "none" else "",
        "fiscal_year": layout.labels("span"),
        "target_qty": "",
        "target_amount": "",
    }
    amount = "target_amount" if counts_money(ledger) else "target_qty"
    columns[amount] = layout.amount
    if distribution:
        columns["distribution_id"] = distribution
    path = folder / file_name("erpnext", ledger, "targets")
    return [write_layout(layout, path, columns, options, owner="parent", amount=amount, period="fiscal_year")]
