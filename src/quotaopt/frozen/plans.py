"""Frozen plans on disk: ``plans/NAME/`` with ``plan.csv``, ``plan.json``, ``ledger.csv`` and ``current.csv``.

``plan.csv`` is never written again. ``ledger.csv`` only grows; each row carries the hash of itself and the row before
(a hash chain, Haber & Stornetta 1991). ``current.csv`` follows from both and may be named by `data.plan`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.archive import Run, read_texts
from quotaopt.columns import frozen as c
from quotaopt.errors import Finding, InputError, UnknownNameError
from quotaopt.frozen.triggers import check_trigger, keep_triggers
from quotaopt.tables import write_csv

KEYS = [column.name for column in c.KEYS]
RECORD, PLAN, LEDGER, CURRENT = "plan.json", "plan.csv", "ledger.csv", "current.csv"
NAME = re.compile(r"[\w][\w.-]{0,79}")


@dataclass(frozen=True, eq=False)
class Frozen:
    """A plan as frozen, and what became of it.

    Attributes
    ----------
    folder : where it is.
    record : what ``plan.json`` holds.
    plan : as frozen, columns `columns.frozen.PLAN`, quotas `Decimal`.
    ledger : every change, columns `columns.frozen.LEDGER`, texts; amounts `Decimal`.
    """

    folder: Path
    record: Mapping[str, Any]
    plan: pd.DataFrame
    ledger: pd.DataFrame

    @property
    def name(self) -> str:
        """Name of the plan, like ``2027``."""
        return self.folder.name

    @property
    def revisions(self) -> int:
        """How many revisions there are."""
        return 0 if self.ledger.empty else int(self.ledger["revision"].astype(int).max())

    def names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Name and region of each rep, as they were when the plan was frozen."""
        people = self.record["people"].items()
        return {rep: str(name) for rep, (name, _) in people}, {rep: str(region) for rep, (_, region) in people}

    @property
    def current(self) -> pd.DataFrame:
        """The plan after all revisions, in the shape of `plan`."""
        last = self.ledger.drop_duplicates(KEYS, keep="last").set_index(KEYS)["new"]
        now = self.plan.set_index(KEYS)
        now.loc[last.index, "quota"] = last
        return now.reset_index()


def freeze(run: Run, project: Path, name: str, author: str, note: str = "") -> Frozen:
    """Keep a run's quotas as the plan `name`, for good.

    Raises
    ------
    NoPlanError
        If the run has no quotas.
    InputError
        If the name is taken, or cannot be a folder.
    """
    run.need_plan("freeze")
    folder = project / "plans" / name
    if not NAME.fullmatch(name):
        raise InputError([Finding("cannot be a folder", "Use letters, digits, - and _.", column="--as", value=name)])
    if folder.exists():
        raise InputError([Finding("there is such a plan", f"Revise it: quotaopt revise {name}.", file=f"plans/{name}")])
    quotas = read_texts(run.folder / "quotas.csv")
    plan = quotas.rename(columns={"period": "month"})[[column.name for column in c.PLAN]]
    people = quotas[["rep_id", "rep_name", "region"]].drop_duplicates()
    hidden = folder.with_name(f".{name}")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    write_csv(plan.assign(quota=plan["quota"].map(Decimal)), hidden / PLAN)
    record = {
        "schema": "quotaopt/plan/1",
        "run": run.id,
        "scenario": run.scenario,
        "frozen": datetime.now().astimezone().isoformat(timespec="seconds"),
        "author": author,
        "note": note,
        "currency": run.record["currency"],
        "rounding": str(_rounding(run)),
        "first_month": run.record["first_month"],
        "last_month": run.record["last_month"],
        **keep_triggers(run, project),
        "people": {row[0]: list(row[1:]) for row in people.itertuples(index=False)},
        "sha256": hashlib.sha256((hidden / PLAN).read_bytes()).hexdigest(),
    }
    (hidden / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write_csv(pd.DataFrame(columns=[column.name for column in c.LEDGER]), hidden / LEDGER)
    shutil.copyfile(hidden / PLAN, hidden / CURRENT)
    hidden.rename(folder)
    return load_plan(folder)


def _rounding(run: Run) -> Decimal:
    """The rounding unit of a run, in the unit of its amounts."""
    merged = tomllib.loads((run.folder / "scenario.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    return Decimal(merged["rounding"]["to"]) / Decimal(merged["unit"])


def load_plan(folder: Path) -> Frozen:
    """The plan in this folder.

    Raises
    ------
    InputError
        If it is no frozen plan.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        plan, ledger = (read_texts(folder / name) for name in (PLAN, LEDGER))
        plan["quota"] = plan["quota"].map(Decimal)
        ledger[["old", "new"]] = ledger[["old", "new"]].map(Decimal)
    except (OSError, ValueError, KeyError, ArithmeticError) as error:
        remedy = "Bring its files back from a copy."
        raise InputError([Finding(f"not a frozen plan: {error}", remedy, file=str(folder), code="plan")]) from error
    return Frozen(folder, record, plan, ledger)


def list_plans(project: Path) -> list[Frozen]:
    """Every frozen plan of the project, by name."""
    found = sorted((project / "plans").glob(f"*/{RECORD}"))
    return [load_plan(path.parent) for path in found if not path.parent.name.startswith(".")]


def find_plan(project: Path, name: str) -> Frozen:
    """The plan of this name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if not (project / "plans" / name / RECORD).is_file():
        raise UnknownNameError("plan", name, [plan.name for plan in list_plans(project)])
    return load_plan(project / "plans" / name)


def revise(
    plan: Frozen, changes: pd.DataFrame, effective: str, author: str, run_id: str = "", trigger: str = ""
) -> Frozen:
    """Write changes down as the next revision; a kill leaves the plan as it was before or after.

    Parameters
    ----------
    changes : rep_id, product_id, month, new (`Decimal`), reason, and author where it is not the given one.
    effective : the first month that may change.
    trigger : what the change is for, where the plan has a list of triggers; written before the reason.

    Raises
    ------
    InputError
        If a cell is not in the plan or lies before `effective`, or nothing changes; if the trigger is not on the list,
        or somebody loses less than `check_trigger` asks for.
    """
    now = plan.current.set_index(KEYS)["quota"]
    rows = changes.set_index(KEYS)
    findings = [
        Finding("not in the plan", column=" · ".join(map(str, key))) for key in rows.index.difference(now.index)
    ]
    early = sorted({str(key[2]) for key in rows.index if str(key[2]) < effective})
    findings += [Finding(f"{month} is over", f"Changes hold from {effective} on.", column="month") for month in early]
    if findings:
        raise InputError(findings)
    rows = rows[rows["new"] != now.loc[rows.index]]
    if rows.empty:
        raise InputError([Finding("nothing changes", "The plan has these quotas already.", code="plan")])
    left = now[now.index.get_level_values("month") >= effective]
    after = left.where(~left.index.isin(rows.index), rows["new"].reindex(left.index))
    check_trigger(plan.record, trigger, *(cells.groupby("rep_id").sum() for cells in (left, after)))
    rows = rows.assign(reason=trigger + ": " + rows["reason"]) if trigger else rows
    own = rows["author"].where(rows["author"] != "", author) if "author" in rows else author
    made = rows.assign(
        revision=str(plan.revisions + 1),
        effective=effective,
        old=now.loc[rows.index],
        author=own,
        written=datetime.now().astimezone().isoformat(timespec="seconds"),
        run_id=run_id,
    ).reset_index()
    ledger = pd.concat([plan.ledger, _chain(made.sort_values(KEYS), _last_hash(plan))], ignore_index=True)
    _replace(plan.folder / LEDGER, ledger[[column.name for column in c.LEDGER]])
    revised = load_plan(plan.folder)
    _replace(plan.folder / CURRENT, revised.current)
    return revised


def _replace(path: Path, frame: pd.DataFrame) -> None:
    hidden = path.with_name(f".{path.name}")
    write_csv(frame, hidden)
    os.replace(hidden, path)  # noqa: PTH105 - replaces on Windows too


def _last_hash(plan: Frozen) -> str:
    return str(plan.record["sha256"]) if plan.ledger.empty else str(plan.ledger["hash"].iloc[-1])


def _chain(rows: pd.DataFrame, before: str) -> pd.DataFrame:
    """The rows with the hash of each and what came before it."""
    columns = [column.name for column in c.LEDGER if column.name != "hash"]
    hashes = []
    for texts in zip(*(rows[name].astype(str) for name in columns), strict=True):
        before = hashlib.sha256("\n".join((before, *texts)).encode()).hexdigest()
        hashes.append(before)
    return rows.assign(hash=hashes)


def check_plan(plan: Frozen) -> list[str]:
    """What is wrong with a frozen plan: a file that was changed since, a row of the ledger altered or left out."""
    faults = []
    if hashlib.sha256((plan.folder / PLAN).read_bytes()).hexdigest() != plan.record["sha256"]:
        faults.append(f"{PLAN} was changed after it was frozen")
    chained = _chain(plan.ledger, str(plan.record["sha256"]))["hash"].to_numpy()
    broken = chained != plan.ledger["hash"].to_numpy()
    if broken.any():
        faults.append(f"{LEDGER}:{int(broken.argmax()) + 2} is not the row that was written")
    faults += _check_old(plan)
    if not (plan.folder / CURRENT).exists() or not read_texts(plan.folder / CURRENT).equals(_texts(plan.current)):
        faults.append(f"{CURRENT} is not the plan after its revisions; quotaopt plans {plan.name} --rebuild")
    return faults


def _check_old(plan: Frozen) -> list[str]:
    """Rows of the ledger whose old quota is not what stood there before."""
    start = plan.plan.set_index(KEYS)["quota"]
    first = start.reindex(pd.MultiIndex.from_frame(plan.ledger[KEYS])).to_numpy()
    if unknown := np.flatnonzero(pd.isna(first)).tolist():
        return [f"{LEDGER}:{unknown[0] + 2} is of a cell that is not in the plan"]
    before = plan.ledger.groupby(KEYS)["new"].shift()
    wrong = plan.ledger["old"].to_numpy() != np.where(before.isna(), first, before.to_numpy())
    return [f"{LEDGER}:{int(wrong.argmax()) + 2} says another old quota than stood there"] if wrong.any() else []


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(quota=frame["quota"].map(lambda value: f"{value:f}"))


def rebuild(plan: Frozen) -> None:
    """Write ``current.csv`` anew from the plan and its ledger."""
    _replace(plan.folder / CURRENT, plan.current)
