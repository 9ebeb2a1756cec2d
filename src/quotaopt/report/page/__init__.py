"""The report of a run as one HTML file that needs nothing else: no other file, no other host.

The page is ``page.html`` and ``page.js``. Sentences and small tables are put in here, the table of reps and the charts
are drawn by the script from numbers that stand in the page, in one language: that of the catalogue in
`quotaopt.report.words`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from quotaopt.archive import Run
from quotaopt.case import changed_files, open_run
from quotaopt.errors import InputError
from quotaopt.pseudonyms import MaskedRun
from quotaopt.report.page.assumptions import assumptions
from quotaopt.report.page.data import columns_of, month_data, rep_rows
from quotaopt.report.page.parts import (
    clash,
    comparison,
    fairness,
    limits,
    regions,
    rep_part,
    spread_part,
    story,
    summary,
)
from quotaopt.report.page.unknown import unknown_lines
from quotaopt.report.page.warnings import warnings
from quotaopt.report.pictures import plain_json
from quotaopt.report.words import words

SCRIPT_WORDS = ("col.", "reps.", "spread.", "line.")


def report_page(runs: Sequence[Run], project: Path, language: str) -> str:
    """The whole page: the first run in full, the others held against it.

    Raises
    ------
    NoPlanError
        If several runs are given and one of them ended without a plan: there is nothing to compare.
    """
    run, say = runs[0], words(language)
    changed = [text.partition(":")[0].partition(" ")[0] for text in changed_files(run, project)]
    planned = run.has("quotas")
    reps = rep_rows(run, language) if planned else pd.DataFrame()
    made = [("summary", summary(run, reps, language))]
    if len(runs) > 1:
        made.append(("compare", comparison(runs, language)))
    if planned:
        made += [("regions", regions(run, language)), ("reps", rep_part(say)), ("spread", spread_part(say))]
        made += [("forecast", '<div id="lines" class="card"></div>')]
        made += [("rules", limits(run, language)), ("fairness", fairness(run, reps, language))]
    elif run.has("conflicts"):
        made.append(("clash", clash(run, language)))
    made.append(("warnings", warnings(run, language)))
    made.append(("assumptions", assumptions(run, project, say)))
    made.append(("unknown", story(unknown_lines(run, language, changed if planned else []))))
    parts = {
        "lang": {"en": "en", "zh": "zh-CN"}[language],
        "title": escape(say["page.title"].format(name=run.scenario)),
        "about": escape(_about(run, say)),
        "lead": "".join(f'<p class="lead">{escape(text)}</p>' for text in _lead(runs, say)),
        "contents": "".join(f'<a href="#{key}">{escape(say["part." + key])}</a>' for key, _ in made),
        "contents_word": escape(say["page.contents"]),
        "script_word": escape(say["page.script"]) if planned else "",
        "parts": "\n".join(_part(key, body, say) for key, body in made),
        "data": plain_json(_data(run, reps, project, changed, language) if planned else {}),
        "script": _file("page.js") if planned else "",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("page.html"))


def _file(name: str) -> str:
    return files("quotaopt.report.page").joinpath(name).read_text(encoding="utf-8")


def _part(key: str, body: str, say: Mapping[str, str]) -> str:
    return f'<section id="{key}"><h2>{escape(say["part." + key])}</h2>{body}</section>'


def _about(run: Run, say: Mapping[str, str]) -> str:
    """The months, the currency, the run and when it was made."""
    record = run.record
    when = str(record["started"])[:16].replace("T", " ")
    currency = say["page.amounts"].format(currency=record["currency"]) if record["currency"] else ""
    months = f"{record['first_month']} – {record['last_month']}"
    return " · ".join(filter(None, (months, currency, say["page.made"].format(run=run.id, when=f"{when} UTC"))))


def _lead(runs: Sequence[Run], say: Mapping[str, str]) -> list[str]:
    """What the scenario is about, which run is shown, and that there are no names."""
    out = [str(runs[0].record["about"])]
    if len(runs) > 1:
        out.append(say["page.first"].format(name=runs[0].scenario))
    if isinstance(runs[0], MaskedRun):
        out.append(say["page.pseudonyms"])
    return [text for text in out if text]


def _data(run: Run, reps: pd.DataFrame, project: Path, changed: Sequence[str], language: str) -> dict[str, Any]:
    """All the script needs."""
    history = None if changed else _history(run, project)
    outlook = run.table("outlook").drop(columns="name")
    return {
        "language": language,
        "words": {key: text for key, text in words(language).items() if key.startswith(SCRIPT_WORDS)},
        "reps": columns_of(reps),
        "outlook": columns_of(outlook[["level", "key", "expected", "low", "high"]]),
        **month_data(run, history, reps["id"].tolist()),
    }


def _history(run: Run, project: Path) -> pd.DataFrame | None:
    """What was booked, while the data files can be read."""
    try:
        return open_run(run, project).inputs.history
    except InputError:
        return None
