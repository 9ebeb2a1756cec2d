"""Quotas as CSV: flat as the run has them, or wide with one column for each period."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from quotaopt.archive import Run, read_texts
from quotaopt.export._registry import Options, exports
from quotaopt.export.ledgers import QUOTAS, file_name, ledgers, read_ledger
from quotaopt.export.master import Master, check_totals, read_master
from quotaopt.export.pseudonyms import hide_people, pseudonyms
from quotaopt.export.words import heading
from quotaopt.optimize.verify import unescape
from quotaopt.tables import write_csv


@exports
def flat(run: Run, folder: Path, options: Options, *, pseudonymise: bool = False) -> list[Path]:
    """One row per rep × product × period, with the columns of quotas.csv."""
    master = hide_people(read_master(run)) if pseudonymise else read_master(run)
    frame = master.cells.assign(quota=master.text(master.units))
    files = [write_checked(master, frame, folder / "quotas-flat.csv", options, ["quota"])]
    if run.has("accounts"):
        accounts = read_texts(run.folder / "accounts.csv")
        if pseudonymise:
            hidden = pseudonyms(accounts["rep_id"], master.scenario.root)
            accounts = accounts.assign(rep_id=accounts["rep_id"].map(hidden), rep_name="")
        files.append(write_checked(master, accounts, folder / "accounts-flat.csv", options, ["quota"]))
    for name, place in ledgers(run).items():
        if name != QUOTAS and (run.folder / place / "quotas.csv").exists():
            other = hide_people(read_ledger(run, name)) if pseudonymise else read_ledger(run, name)
            frame = other.cells.assign(quota=other.text(other.units))
            frame.insert(0, "metric", name)
            files.append(write_checked(other, frame, folder / file_name("", name, "flat"), options, ["quota"]))
    return files


@exports
def wide(run: Run, folder: Path, options: Options, *, pseudonymise: bool = False) -> list[Path]:
    """One row per rep × product: rep_id, rep_name, region, product_id, one column per period, total."""
    master = hide_people(read_master(run)) if pseudonymise else read_master(run)
    units = master.spread(master.units)
    amounts = pd.DataFrame(master.text(units), columns=master.periods)
    frame = pd.concat([master.rows, amounts.assign(total=master.text(units.sum(axis=1)))], axis=1)
    return [write_checked(master, frame, folder / "quotas-wide.csv", options, master.periods)]


def write_checked(master: Master, frame: pd.DataFrame, path: Path, options: Options, amounts: Iterable[str]) -> Path:
    """Write a table with its headings, read it back, and hold its amounts against the run."""
    encoding = options.encoding or master.scenario.settings.output.csv_encoding
    write_csv(frame.rename(columns=lambda name: heading(name, options.labels)), path, encoding)
    read = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)
    reps = read[heading("rep_id", options.labels)].map(unescape).to_list()
    texts = [read[heading(column, options.labels)].to_numpy(dtype=object) for column in amounts]
    check_totals(master, path, list(itertools.chain.from_iterable([reps] * len(texts))), np.concatenate(texts).tolist())
    return path
