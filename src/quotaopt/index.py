"""The index of runs: ``runs.sqlite`` beside the folders, which hold the truth.

Every look at it first takes up what is new or changed in the folders and drops what is gone, so it may be deleted at
any time. Notes and pins stand in the folders too, in ``label.json``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from quotaopt.archive import RECORD, Run, list_runs, load_run
from quotaopt.errors import Finding, InputError

T = TypeVar("T")

INDEX, LABEL = "runs.sqlite", "label.json"
COLUMNS = ("id", "scenario", "status", "started", "target", "quota", "stretch_max", "pinned", "note")
SCHEMA = """
create table if not exists runs (
    id text primary key, scenario text, status text, started text, target real, quota real, stretch_max real,
    pinned integer, note text, stamp integer
)
"""


def read_index(project: Path) -> list[dict[str, Any]]:
    """Every run of the project, newest first: the columns `COLUMNS`; brings the index up to date."""

    def read(base: sqlite3.Connection) -> list[dict[str, Any]]:
        _refresh(base, project)
        rows = base.execute(f"select {', '.join(COLUMNS)} from runs order by started desc, id desc")  # noqa: S608
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    return _with_base(project / INDEX, read)


def rebuild_index(project: Path) -> list[dict[str, Any]]:
    """Throw the index away and make it anew from the folders."""
    (project / INDEX).unlink(missing_ok=True)
    return read_index(project)


def _with_base(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """`work` on the index; on a new one where it is damaged, on one in memory where none can be written."""
    try:
        with _opened(path) as base:
            return work(base)
    except sqlite3.OperationalError:  # a folder that may not be written, or somebody else is writing
        with _opened(":memory:") as base:
            return work(base)
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        with _opened(path) as base:
            return work(base)


@contextmanager
def _opened(path: Path | str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute(SCHEMA)
        yield base


def _refresh(base: sqlite3.Connection, project: Path) -> None:
    known = dict(base.execute("select id, stamp from runs"))
    records = [path for path in (project / "runs").glob(f"*/{RECORD}") if not path.parent.name.startswith(".")]
    there = {path.parent.name: _stamp(path.parent) for path in records}
    base.executemany("delete from runs where id = ?", [(name,) for name in known.keys() - there.keys()])
    for name in sorted(name for name, stamp in there.items() if known.get(name) != stamp):
        row = (*_row(load_run(project / "runs" / name)), there[name])
        base.execute(f"insert or replace into runs values ({', '.join('?' * len(row))})", row)  # noqa: S608


def _stamp(folder: Path) -> int:
    """Changes with the record or the label of a run."""
    label = folder / LABEL
    return max(path.stat().st_mtime_ns for path in (folder / RECORD, label) if path.exists())


def _row(run: Run) -> tuple[Any, ...]:
    record, label = run.record, read_label(run)
    stretch = None
    if run.has("totals"):
        totals = run.table("totals")
        stretch = float(totals.loc[totals["level"] == "rep", "stretch"].max())
    money = (float(record["target"]), None if record["quota"] is None else float(record["quota"]), stretch)
    marks = (int(bool(label.get("pinned"))), str(label.get("note", "")))
    return (run.folder.name, run.scenario, run.status, str(record["started"]), *money, *marks)


def read_label(run: Run) -> dict[str, Any]:
    """What people have written on a run: ``note`` and ``pinned``."""
    try:
        found = json.loads((run.folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(found) if isinstance(found, dict) else {}


def write_label(run: Run, **changes: Any) -> None:
    """Note or pin a run: whole, or not at all."""
    beside = run.folder / f".{LABEL}"
    beside.write_text(json.dumps(read_label(run) | changes, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(beside, run.folder / LABEL)  # noqa: PTH105 - replaces on Windows too


def remove_runs(project: Path, runs: list[Run], kept: dict[str, str]) -> None:
    """Delete the folders of these runs.

    Parameters
    ----------
    kept : ids of runs that something rests on, and what.

    Raises
    ------
    InputError
        If one of them is pinned, kept or lies outside the project's ``runs``; nothing is deleted then.
    """
    own, findings = {run.folder for run in list_runs(project)}, []
    for run in runs:
        if read_label(run).get("pinned"):
            findings.append(Finding("is pinned", f"quotaopt runs unpin {run.id}", file=run.id, code="run"))
        elif run.id in kept:
            findings.append(Finding(f"is the base of {kept[run.id]}", file=run.id, code="run"))
        elif run.folder not in own:
            findings.append(Finding("is not in this project's runs", "Delete its folder yourself.", file=run.id))
    if findings:
        raise InputError(findings)
    for run in runs:
        hidden = run.folder.with_name(f".removed-{run.folder.name}")
        run.folder.rename(hidden)  # gone at once for everybody; a kill leaves a hidden folder, which a run removes
        shutil.rmtree(hidden, ignore_errors=True)
