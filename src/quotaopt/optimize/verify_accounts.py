"""The independent check of quotas by account: the two written tables, added up again in whole numbers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from quotaopt.optimize.verify import parse_units

CELL = ["rep_id", "product_id", "period"]
SHOWN = 10
NONE = -1  # no row there


def check_accounts(folder: Path, unit: Decimal, encoding: str = "utf-8-sig") -> list[str]:
    """What is wrong with ``accounts.csv`` of a run, in words; nothing where there is none.

    The accounts of each rep, product and month add up to the quota, none twice and none below zero.
    """
    path = folder / "accounts.csv"
    if not path.exists():
        return []
    try:
        accounts = _read(path, [*CELL, "account_id", "quota"], encoding)
        quotas = _read(folder / "quotas.csv", [*CELL, "quota"], encoding)
    except ValueError as error:
        return [f"{path.name} is no table of quotas by account: {error}"]
    units, odd = parse_units(accounts["quota"].to_numpy(dtype=object), unit)
    asked, _ = parse_units(quotas["quota"].to_numpy(dtype=object), unit)
    faults = [f"{path.name} {_name(accounts, line)}: {what}" for line, what in odd]
    twice = accounts.duplicated([*CELL, "account_id"]).to_numpy()
    for wrong, what in ((twice, "is written twice"), (units < 0, "is below zero")):
        faults += [f"{path.name} {_name(accounts, int(line))}: {what}" for line in wrong.nonzero()[0][:SHOWN]]
    sums = [table.assign(units=u).groupby(CELL)["units"].sum() for table, u in ((accounts, units), (quotas, asked))]
    both = pd.concat(sums, axis=1, keys=["given", "wanted"])
    both = both.fillna(NONE).astype("int64")
    off = both[(both["given"] != both["wanted"]) & ((both["given"] != NONE) | (both["wanted"] != 0))][:SHOWN]
    for cell, given, wanted in zip(off.index, off["given"].tolist(), off["wanted"].tolist(), strict=True):
        said = "there is no such quota" if wanted == NONE else f"the quota is {wanted * unit:f}"
        added = "nothing" if given == NONE else f"{given * unit:f}"
        faults.append(f"{path.name}: accounts of {' '.join(cell)} add up to {added}, and {said}")
    return faults


def _read(path: Path, columns: list[str], encoding: str) -> pd.DataFrame:
    return pd.read_csv(path, usecols=columns, dtype=str, na_filter=False, encoding=encoding)


def _name(table: pd.DataFrame, line: int) -> str:
    return " ".join(table.iloc[line][["rep_id", "account_id", "product_id", "period"]])
