"""Write a project from the planner's workbooks, or an empty one; whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd

from quotaopt.adopt.recognise import NEEDED, recognise, values
from quotaopt.adopt.roster import roster_from
from quotaopt.adopt.sales import Sales, sales_of
from quotaopt.adopt.sheets import Found, open_books
from quotaopt.adopt.text import Language, model_text, project_text, scenario_text
from quotaopt.errors import Finding, InputError
from quotaopt.project import FILE, IGNORED, free_folder
from quotaopt.tables import write_csv
from quotaopt.templates import sheet_name, write_templates

BASE = "base"
LACKING = {
    "history": "no sheet of sales was found: it needs columns of rep, product, month (or date, or one for each month)"
    " and amount",
    "roster": "no sheet of reps was found, and the sales name no region: it needs columns of rep and region",
}


@dataclass(frozen=True)
class Adopted:
    """A project made from a planner's files.

    Attributes
    ----------
    folder : where it is.
    found : every sheet, and what it was taken for.
    sales : what the history holds.
    derived : reps whose table was made from the history; 0 when there was one.
    files : everything written, relative to the folder.
    """

    folder: Path
    found: Sequence[Found]
    sales: Sales
    derived: int
    files: Sequence[Path]


def adopt(folder: Path, books: Sequence[Path], language: Language = "en") -> Adopted:
    """Make a project in `folder` whose base scenario names the sheets of `books`, which are copied unchanged.

    Raises
    ------
    InputError
        If the folder is not free, a book cannot be read, or a table that is needed is not among the sheets.
    """
    free_folder(folder)
    found = open_books(books)
    recognise(found)
    roster = None if any(one.table == "roster" for one in found) else roster_from(found)
    _check(found, roster)
    sales = sales_of([one for one in found if one.table == "history"])
    _set_aside_past_plans(found, sales)
    with _made_whole(folder) as root:
        (root / "data").mkdir()
        for path in dict.fromkeys(one.path for one in found):
            shutil.copyfile(path, root / "data" / path.name)
        if roster is not None:
            write_csv(roster, root / "data" / "roster.csv")
        _write(root, found, sales, roster is not None, language)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return Adopted(folder, found, sales, 0 if roster is None else len(roster), files)


def bare(folder: Path, language: Language = "en") -> list[Path]:
    """Make an empty project: a commented scenario whose tables are the templates, to be filled in; the files made.

    Raises
    ------
    InputError
        If the folder is not free.
    """
    free_folder(folder)
    with _made_whole(folder) as root:
        write_templates(root / "templates", language)
        (root / "data").mkdir()
        for name in ("roster", "history", "products"):
            shutil.copyfile(root / "templates" / f"{name}.xlsx", root / "data" / f"{name}.xlsx")
        tables, year = ("history", "roster", "products"), date.today().year + 1
        data = {name: [f"../data/{name}.xlsx#{sheet_name(name, language)}"] for name in tables}
        text = scenario_text(
            BASE, language, (f"{year}-01", f"{year}-12"), Decimal(1_000_000), None, Decimal(1), data, {}
        )
        _write_texts(root, text, language, ())
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _check(found: Sequence[Found], roster: pd.DataFrame | None) -> None:
    """Say in a sentence which table is missing, and why the likeliest sheets were not taken for it."""
    have = {one.table for one in found} | ({"roster"} if roster is not None else set())
    findings = [Finding(LACKING[name], code="table") for name in NEEDED if name not in have]
    if findings:
        remedy = "Rename its headers, or begin with: quotaopt init DIR --bare."
        aside = [Finding(f"left aside: {one.notes[0]}", remedy, one.place) for one in found if not one.table]
        raise InputError([*findings, *aside])


def _set_aside_past_plans(found: Sequence[Found], sales: Sales) -> None:
    """Quotas of months that are over are no current plan."""
    for one in found:
        if one.table == "plan" and max(sorted(one.read("plan").frame["month"]), default="") <= sales.last:
            one.table, one.notes = "", ["quotas of the past are not used"]


def _write(root: Path, found: Sequence[Found], sales: Sales, derived: bool, language: Language) -> None:
    """Everything but the data."""
    places: dict[str, list[str]] = {}
    columns: dict[str, dict[str, str]] = {}
    for table in ("history", "roster", *sorted({one.table for one in found} - {"", *NEEDED})):
        for one in found:
            if one.table == table:
                places.setdefault(table, []).append(f"../data/{one.place}")
                if one.mapping:
                    columns.setdefault(table, {}).update(one.mapping)
        if table == "roster" and derived:
            places["roster"] = ["../data/roster.csv"]
    text = scenario_text(
        BASE, language, sales.plan, sales.target, (sales.since, sales.last), sales.unit, places, columns,
        sales.repeats, derived,
    )  # fmt: skip
    choices = {name: values(found, "roster", name) for name in ("region", "role", "ramp_profile")}
    write_templates(root / "templates", language, choices)
    _write_texts(root, text, language, sorted(values(found, "roster", "ramp_profile")))


def _write_texts(root: Path, scenario: str, language: Language, profiles: Sequence[str]) -> None:
    texts = {
        f"scenarios/{BASE}.toml": scenario,
        "models/plan.toml": model_text(language, profiles),
        FILE: project_text(BASE, language),
        ".gitignore": IGNORED,
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder` that takes its place when everything is written, and goes when anything fails.

    A folder that is there already is empty, and may be where somebody stands: it stays and is filled, the file that
    makes it a project last.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.resolve().parent))
    try:
        yield hidden
        hidden.chmod(0o755)
        if folder.is_dir():
            for path in sorted(hidden.iterdir(), key=lambda path: path.name == FILE):
                path.rename(folder / path.name)
            hidden.rmdir()
        else:
            hidden.rename(folder)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
