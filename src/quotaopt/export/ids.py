"""Ids by which other systems know people and products: columns of the planner's own files, as these stand now.

Ids are no part of a plan. They may be filled in after a run, without running again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quotaopt.errors import Finding
from quotaopt.export.master import Master
from quotaopt.tables.catalogue import TABLES
from quotaopt.tables.checks import drop_subtotals, read_cells
from quotaopt.tables.read import read_sheet
from quotaopt.tables.schema import plain_header
from quotaopt.tables.sheet import Sheet, join_sheets
from quotaopt.tables.sources import find_sources
from quotaopt.tables.write import RISKY

FORMS = {
    "salesforce": (r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", "no Salesforce id of 15 or 18 letters and digits"),
    "email": (r"[^@\s]+@[^@\s]+", "no e-mail address"),
    "number": (r"\d+", "no number"),
}
"""What ids look like: the pattern, and what a text is that does not fit it."""


@dataclass(frozen=True, eq=False)
class Card:
    """A table of the scenario as it stands now, to look things up by its key.

    Attributes
    ----------
    sheet : its rows.
    name, top : the file, and the line of its headers.
    rows : key → number of its row.
    """

    sheet: Sheet
    name: str
    top: int | None
    rows: dict[str, int]

    def column(self, name: str) -> str:
        """The column that is meant by a name; empty when there is none."""
        plain = plain_header(name)
        return next((str(c) for c in self.sheet.frame if c == name or plain_header(str(c)) == plain), "")

    def values(self, name: str) -> dict[str, str]:
        """Key → what the column says of it; empty without the column."""
        column = self.column(name)
        texts = self.sheet.frame[column].astype(str).str.strip().to_numpy() if column else ()
        return {key: str(texts[row]) for key, row in self.rows.items()} if column else {}


def read_card(master: Master, name: str) -> Card:
    """The roster or the products of the scenario of a run, as they stand now."""
    data, table = master.scenario.settings.data, TABLES[name]
    parts = [
        read_sheet(source, table, getattr(data.columns, name))
        for place in getattr(data, name)
        for source in find_sources(place, master.scenario.show, data.encoding)
    ]
    sheet = join_sheets(table, parts)
    drop_subtotals(sheet)
    read_cells(sheet)
    key = table.key[0]
    rows = {str(text): row for row, text in enumerate(sheet.frame[key])} if sheet.has(key) else {}
    return Card(sheet, parts[0].name if parts else name, parts[0].top if parts else None, rows)


@dataclass(frozen=True)
class Wanted:
    """An id that every rep must have.

    Attributes
    ----------
    column : of the roster.
    form : what ids look like, one of `FORMS`; anything when empty.
    option : of the format, that names another column.
    own : whether no two reps may have the same.
    """

    column: str
    form: str = ""
    option: str = "id_column"
    own: bool = True


def look_up(card: Card, reps: Iterable[str], wanted: Wanted) -> tuple[dict[str, str], list[Finding]]:
    """The id of each rep, and everything that is wrong with them."""
    column = wanted.column
    if not card.column(column):
        others = ", ".join(map(str, card.sheet.frame))
        remedy = f"Add it, or name one of {others}: --option {wanted.option}=…"
        return {}, [Finding("the roster has no such column", remedy, card.name, card.top, column, code="id")]
    found = card.values(column)
    ids = {rep: found.get(rep, "") for rep in reps}
    return ids, list(_check(card, ids, wanted))


def _check(card: Card, ids: dict[str, str], wanted: Wanted) -> Iterator[Finding]:
    """Ids that are missing, do not look like ids, or stand for two reps."""
    pattern, other = FORMS.get(wanted.form, (".*", ""))
    seen = dict[str, str]()
    for rep, text in ids.items():
        row = card.rows.get(rep)
        file = card.name if row is None else str(card.sheet.file[row])
        place = file, None if row is None else int(card.sheet.line[row]), wanted.column
        if row is None:
            yield Finding(f"rep {rep} is not in the roster any more", "Add the row again.", *place, code="id")
        elif not text:
            yield Finding(f"no id of rep {rep}", "Fill it in.", *place, code="id")
        elif not re.fullmatch(pattern, text):
            yield Finding(f"the id of rep {rep} is {other}", "Correct it.", *place, text, code="id")
        elif text.startswith(RISKY):
            what = f"the id of rep {rep} begins like a formula: it would be marked as a text and not be found"
            yield Finding(what, "Take another column.", *place, text, code="id")
        elif wanted.own and text in seen:
            what = f"the same id for reps {seen[text]} and {rep}: one quota would overwrite the other"
            yield Finding(what, "Give each its own.", *place, text, code="id")
        seen.setdefault(text, rep)
