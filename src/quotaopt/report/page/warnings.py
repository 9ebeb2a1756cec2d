"""What was noticed while a run was made, in the language of its page where there are words for it."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import Any

from quotaopt.archive import Run
from quotaopt.report.findings import in_language
from quotaopt.report.page.parts import part_names
from quotaopt.report.render import each
from quotaopt.report.words import words


def warnings(run: Run, language: str) -> str:
    """What was noticed, each with its remedy; notes on how it was made are folded."""
    say, table = words(language), run.table("warnings")
    notes = table[table["severity"] == "note"]
    rest = table.drop(index=notes.index)
    lines = [_finding(row, language) for row in each(rest)]
    body = f"<ul>{''.join(lines)}</ul>" if lines else f"<p>{escape(say['warnings.none'])}</p>"
    if len(notes):
        count = escape(say["warnings.notes"].format(count=len(notes)))
        told = "".join(_finding(row, language) for row in each(notes))
        body += f"<details><summary>{count}</summary><ul>{told}</ul></details>"
    return f'<div class="card">{body}</div>'


def _finding(row: Any, language: str) -> str:
    line = "" if isnan(row.row) else f":{row.row:.0f}"
    place = f' <span class="where">{escape(part_names(f"{row.file}{line}"))}</span>' if row.file else ""
    remedy = f'<br><span class="soft">→ {escape(in_language(row.remedy, language))}</span>' if row.remedy else ""
    message = in_language(row.message, language)
    return f"<li>{escape(message[:1].upper() + message[1:])}{words(language)['page.stop']}{place}{remedy}</li>"
