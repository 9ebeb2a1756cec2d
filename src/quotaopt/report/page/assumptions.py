"""What a plan rests on: every key of its scenario with its origin, and its data files."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from quotaopt.archive import Run
from quotaopt.case import open_run
from quotaopt.errors import InputError
from quotaopt.pseudonyms import MaskedRun
from quotaopt.report.page.parts import html_table, part_names
from quotaopt.report.settings import setting_table

DEFAULT = "default"


def assumptions(run: Run, project: Path, say: Mapping[str, str]) -> str:
    """Keys that were written, those at their default (folded), and the data files with their checksums."""
    table = _keys(run, project)
    table = table[table["key"] != "model"]  # its keys stand here themselves, with their own origins
    written = table[table["origin"] != DEFAULT]
    rest = table[table["origin"] == DEFAULT]
    heads = [say["col.key"], say["col.value"], say["col.origin"]]
    files = [[escape(part_names(name)), f"<code>{escape(str(digest)[:16])}…</code>"]
             for name, digest in run.record["inputs"].items()]  # fmt: skip
    inside = html_table(heads, [_row(row) for row in written.itertuples()], left=3)
    folded = html_table(heads[:2], [_row(row)[:2] for row in rest.itertuples()], left=2)
    count = escape(say["assumptions.defaults"].format(count=len(rest)))
    return (
        f'<div class="card"><p class="soft small">{escape(say["assumptions.about"])}</p>{inside}'
        f"<details><summary>{count}</summary>{folded}</details>"
        f"<h3>{escape(say['assumptions.files'])}</h3>{html_table([], files, left=2)}</div>"
    )


def _keys(run: Run, project: Path) -> pd.DataFrame:
    """Keys, values and origins; with pseudonyms where there are no names."""
    try:
        table = setting_table(open_run(run, project).scenario)
    except InputError:
        return pd.DataFrame(columns=["key", "value", "origin"])
    if isinstance(run, MaskedRun):
        for column in ("key", "value"):
            table[column] = [text if text.replace(".", "").isdigit() else run.scrub(text) for text in table[column]]
    return table


def _row(row: object) -> list[str]:
    cells = (getattr(row, name) for name in ("key", "value", "origin"))
    key, value, origin = (part_names(str(cell)) for cell in cells)
    return [f"<code>{escape(key)}</code>", f"<code>{escape(value)}</code>", escape(origin)]
