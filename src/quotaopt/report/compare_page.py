"""Runs held against the first of them on one HTML page that needs nothing else: no script, no other host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from math import isnan

import pandas as pd

from quotaopt.archive import Run
from quotaopt.compare import check_sums, compare_runs, limits_moved
from quotaopt.report.compare import NAMED, by_size, exact, figures, names_of, scope_words, titles
from quotaopt.report.render import money, percent
from quotaopt.report.words import rule_words, words

MOVERS = 6
COLOURS = {"": "", "better": "good", "worse": "bad"}
TIED = ("region", "rep")
Say = Mapping[str, str]


def compare_content(runs: Sequence[Run], by: str) -> dict[str, object]:
    """What JSON says beside the rows: whether sums tie, and the limits each run gains and loses."""
    moved = {run.id: limits_moved(runs[0], run) for run in runs[1:]}
    named = [{"run": run, "gained": [" ".join(k) for k in gained], "lost": [" ".join(k) for k in lost]}
             for run, (gained, lost) in moved.items()]  # fmt: skip
    sums = [
        {"run": tie.run, "parts": float(tie.parts), "total": float(tie.total), "tie": tie.holds}
        for tie in check_sums(runs, by)
    ]
    return {"sums": sums, "limits": named}


def compare_page(runs: Sequence[Run], language: str) -> str:
    """The page, in a language: key figures, regions, who moves most, limits gained and lost, whether sums tie."""
    say, names = words(language), titles(runs)
    title = say["against"].format(a=names[0], b=say["list"].join(names[1:]))
    about = "".join(
        f'<p class="soft">{escape(name)}: {escape(str(run.record["about"]))}</p>'
        for name, run in zip(names, runs, strict=True)
        if run.record["about"]
    )
    tied, held = _ties(runs, say)
    left, right = _columns(runs, language)
    parts = {
        "lang": {"en": "en", "zh": "zh-CN"}[language],
        "title": escape(title),
        "about": about,
        "left": left,
        "right": right,
        "ties": escape(tied),
        "tie_class": "soft" if held else "bad",
    }
    template = files("quotaopt.report").joinpath("compare.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def compare_cards(runs: Sequence[Run], language: str) -> str:
    """The same for a page of another kind: two columns of cards, and whether sums tie."""
    tied, held = _ties(runs, words(language))
    columns = "".join(f'<div class="column">{column}</div>' for column in _columns(runs, language))
    return f'<div class="cards">{columns}</div><p class="small {"soft" if held else "bad"}">{escape(tied)}</p>'


def _columns(runs: Sequence[Run], language: str) -> tuple[str, str]:
    say = words(language)
    left = _card(say["figures"], _figures(runs, say)) + _card(say["movers"], _level(runs, "rep", say))
    right = _card(say["by_region"], _level(runs, "region", say))
    return left, right + _card(say["limits_moved"], _limits(runs, language))


def _ties(runs: Sequence[Run], say: Say) -> tuple[str, bool]:
    """Whether the changes of regions and reps add up to those of the plans, in a sentence."""
    ties = [tie for by in TIED for tie in check_sums(runs, by)]
    totals = say["list"].join(exact(tie.total) for tie in ties[: len(runs) - 1])
    held = all(tie.holds for tie in ties)
    return say["ties"].format(totals=totals) if held else say["no_ties"], held


def _card(title: str, body: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2>{body}</section>'


def _row(cells: Sequence[str], kind: str = "td", last: bool = False, more: str = "") -> str:
    """A row of a table; its cells are HTML already, `more` is a cell of its own."""
    inside = "".join(f"<{kind}>{cell}</{kind}>" for cell in cells)
    return f"<tr{' class=last' * last}>{inside}{more}</tr>"


def _title(name: str) -> str:
    """The name of a run over a column, which may break where values stand in it."""
    return escape(name).replace("+", "<wbr>+")


def _figures(runs: Sequence[Run], say: Say) -> str:
    """Target and measures of every run side by side, each coloured where it is better or worse than in the first."""
    rows = [_row(["", *map(_title, titles(runs))], "th")]
    for key, shown, ways in figures(runs):
        cells = (f'<span class="{COLOURS[way]}">{text}</span>' for way, text in zip(ways, shown, strict=True))
        rows.append(_row([escape(say[key]), *cells]))
    return f"<table>{''.join(rows)}</table>"


def _level(runs: Sequence[Run], by: str, say: Say) -> str:
    """Quotas of regions or of the reps who move most, in every run, with the change against the first."""
    table = compare_runs(runs, by)
    quota = table[table["measure"] == "quota"]
    quota = quota if "run" in quota else quota.assign(run=runs[1].id)
    keys = [str(key) for key in dict.fromkeys(by_size(quota)["key"]) if key != "all"]
    keys = (keys if by == "region" else keys[:MOVERS]) + ["all"] * bool((quota["key"] == "all").any())
    first = quota.drop_duplicates("key").set_index("key")
    parts = [quota[quota["run"] == run.id].set_index("key") for run in runs[1:]]
    shown = quota.loc[quota["key"].isin(keys), "change_ratio"].abs()
    most = max([*shown[shown.notna()].astype(float), 1e-9])
    bars = len(runs) == 2
    rows = [_row(["", *map(_title, titles(runs)), *([""] if bars else [])], "th")]
    for key in keys:
        name = str(first["name"][key]) or (say["sum"] if key == "all" else key or say["none"])
        cells = [escape(name), money(float(first["a"][key])) or "–"]
        cells += [_change(part, key, cells[1] and "=") for part in parts]
        bar = _bar(parts[0], key, most) if bars else ""
        rows.append(_row(cells, last=key == "all", more=bar))
    return f"<table>{''.join(rows)}</table>"


def _change(part: pd.DataFrame, key: str, same: str) -> str:
    """Quota and change in another run; `same` where it does not differ."""
    if key not in part.index:
        return f'{same}<span class="by"></span>'
    change = percent(float(part["change_ratio"][key]))
    return f'{money(float(part["b"][key])) or "–"}<span class="by">{change}</span>'


def _bar(part: pd.DataFrame, key: str, most: float) -> str:
    """A bar to the right for more, to the left for less."""
    share = float(part["change_ratio"].get(key, float("nan")))
    width = 0.0 if isnan(share) else 50 * abs(share) / most
    x, kind = (50.0, "more") if share > 0 else (50 - width, "fewer")
    return (
        '<td class="bar"><svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" x="{x:.2f}" y="2" width="{width:.2f}" height="10"/>'
        '<rect class="zero" x="49.8" y="0" width="0.4" height="14"/></svg></td>'
    )


def _limits(runs: Sequence[Run], language: str) -> str:
    """Limits each run gains and loses against the first, rule by rule."""
    say, names = words(language), titles(runs)
    parts = [
        part
        for run, name in zip(runs[1:], names[1:], strict=True)
        for word, limits in zip(("gained", "lost"), limits_moved(runs[0], run), strict=True)
        for part in _listed(
            say[word].format(run=name, first=names[0]), limits, names_of(runs[0]) | names_of(run), language
        )
    ]
    return "".join(parts) or f'<p class="soft">{escape(say["no_limits"])}</p>'


def _listed(title: str, limits: Sequence[tuple[str, str]], reps: Mapping[str, str], language: str) -> Iterator[str]:
    say = words(language)
    if not limits:
        return
    lines = []
    for rule in dict.fromkeys(rule for rule, _ in limits):
        mine = [scope_words(scope, reps) for one, scope in limits if one == rule]
        text = say["list"].join(mine[:NAMED])
        more = len(mine) - NAMED
        text = say["more"].format(names=text, count=more) if more > 0 else text
        lines.append(f"<li><b>{escape(rule_words(language, rule))}</b> {escape(text)}</li>")
    yield f"<h3>{escape(title)}</h3><ul>{''.join(lines)}</ul>"
