"""The plan as a workbook: quotas to edit, with totals that follow; regions, rules, charts and a page that explains."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from quotaopt import __version__
from quotaopt.archive import Run
from quotaopt.export._registry import Options, exports
from quotaopt.export.book import Book
from quotaopt.export.charts import write_charts
from quotaopt.export.grid import read_back, write_quotas
from quotaopt.export.locked import lock_notes
from quotaopt.export.master import Master, check_totals, read_master
from quotaopt.export.overview import write_regions, write_rules
from quotaopt.export.words import say

READ_ME = (
    "What to do with it",
    "Change yellow cells of the sheet {Quotas} and save. Totals follow.",
    "Then, in the project:  quotaopt new review --from plan.xlsx",
    "Changed cells become locks of a new scenario; the rest is planned again around them.",
    "Sheets are protected without a password, so that formulas are not hit by accident.",
    "Money, not thousands; each number is exact.",
    "capacity: what the rep can be expected to sell. stretch: quota / capacity.",
)


@exports
def xlsx(run: Run, folder: Path, options: Options) -> list[Path]:
    """A workbook to read, change and bring back: quotas with formulas, regions, rules, charts."""
    master, path = read_master(run), folder / "plan.xlsx"
    made = datetime.fromisoformat(str(run.record["started"])).replace(tzinfo=None)
    with Book.open(path, options.labels, made, max(-int(master.unit.as_tuple().exponent), 0)) as book:
        area = write_quotas(book, master, lock_notes(master))
        write_regions(book, master, area)
        write_rules(book, master)
        write_charts(book, master, area)
        _write_read_me(book, master)
    reps, amounts = read_back(path, options.labels, len(master.periods))
    check_totals(master, path, reps, amounts)
    return [path]


def _write_read_me(book: Book, master: Master) -> None:
    """What the book is, and what to do with it."""
    record, settings = master.run.record, master.scenario.settings
    facts = {
        "run": master.run.id,
        "scenario": master.run.scenario,
        "about": str(record["about"]),
        "target": f"{settings.target * settings.unit:,f}",
        "sum of the quotas": f"{int(master.units.sum()) * master.unit:,f}",
        "currency": settings.currency,
        "periods": f"{master.periods[0]} … {master.periods[-1]}",
        "made by": f"quotaopt {__version__}",
    }
    sheet = book.sheet("Read me")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    for row, (name, value) in enumerate(facts.items()):
        sheet.write_string(row, 0, say(name, book.labels), book.style(bold=True))
        book.text(sheet, row, 1, value)
    for row, text in enumerate(READ_ME, start=len(facts) + 1):
        sheet.write_string(row, 0, say(text, book.labels), book.style(bold=text == READ_ME[0]))
