"""What amounts are in: the unit of file or scenario, and other currencies at the frozen rates of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd

from quotaopt.errors import Finding, split_place
from quotaopt.scenario import Scenario
from quotaopt.tables.sheet import Sheet
from quotaopt.text import NUMBER, counted


def convert_currencies(scenario: Scenario, sheets: Mapping[str, Sheet]) -> None:
    """Make the unit of each sale in another currency that of the plan; report a currency without a rate.

    A rate is what one of the currency is worth in the scenario's `currency`; one of the month goes before one of all
    months. Without a currency of the scenario a history in a single currency is taken as it is. Nothing is rounded:
    an amount times a rate is exact, so it does not matter whether lines are converted or what they add up to.
    """
    history, own = sheets["history"], plain(scenario.settings.currency)
    if not history.has("currency", "amount", "month"):
        return
    code = history.convert("currency", plain).astype(str)
    foreign = np.flatnonzero((code != "") & (code != own))
    known = read_rates(sheets["rates"])
    if not foreign.size or (not own and not known and np.unique(code[foreign]).size == 1):
        return
    places, pairs = pd.factorize(pd.MultiIndex.from_arrays([code[foreign], history.frame["month"].to_numpy()[foreign]]))
    found = [known.get(pair, known.get((pair[0], ""))) for pair in pairs]
    missing = np.array([rate is None for rate in found])[places]
    remedy = "Add it to data.rates: currency, month (empty: all), rate."
    first = pd.Series(code[foreign][missing]).drop_duplicates().index
    history.report(foreign[missing][first], "currency", "has no rate", remedy, code="currency")
    if not missing.any():
        rates = np.array(found, dtype=object)[places]
        history.unit[foreign] *= rates
        names = ", ".join(sorted(set(code[foreign])))
        history.warn(
            f"{counted(int(history.count[foreign].sum()), 'row')} in {names}, at the rates of data.rates",
            code="currency",
        )


def read_rates(sheet: Sheet) -> dict[tuple[str, str], Decimal]:
    """Rates by currency and month (empty: all months), exact; those that cannot be read are left out."""
    if not sheet.has("currency", "rate"):
        return {}
    months = sheet.frame["month"] if sheet.has("month") else [""] * len(sheet.frame)
    rows = zip(sheet.frame["currency"], months, sheet.frame["rate"], strict=True)
    return {(plain(c), str(m)): Decimal(rate) for c, m, rate in rows if NUMBER.fullmatch(rate) and Decimal(rate) > 0}


def plain(code: str) -> str:
    """A currency's code as it is compared."""
    return code.strip().upper()


def settle_unit(scenario: Scenario, name: str, sheet: Sheet) -> None:
    """The unit of each row: what its file says, else what the scenario says of the table, else the scenario's."""
    settings = scenario.settings
    given = settings.data.unit.get(name)  # type: ignore[call-overload]
    for unit in sorted({unit for unit in sheet.unit if unit is not None} - {given or settings.unit}):
        row = int(np.flatnonzero(sheet.unit == unit)[0])
        what = f"amounts are in {unit:,}, as the file says"
        if given:
            place = split_place(scenario.source("data", "unit", name))
            remedy = f"Write {unit:f}, or leave it out."
            sheet.findings.append(Finding(what, remedy, *place, f"data.unit.{name}", f"{given:f}", code="unit"))
        else:
            sheet.findings.append(Finding(what, file=str(sheet.file[row]), severity="warning", code="unit"))
    sheet.unit[[unit is None for unit in sheet.unit]] = given or settings.unit
