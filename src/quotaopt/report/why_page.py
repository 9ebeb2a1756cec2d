"""One rep's quota, explained on one HTML page that needs nothing else: no script, no other host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files

from quotaopt.report.render import each
from quotaopt.report.why import (
    added,
    cents,
    headline,
    idle_steps,
    lower,
    note_texts,
    peer_rows,
    sections,
    shown_steps,
    who,
)
from quotaopt.report.words import step_words, words
from quotaopt.why.sheet import RepWhy


def rep_page(why: RepWhy, language: str) -> str:
    """The page, in a language."""
    say = words(language)
    name = why.name or why.rep
    parts = {
        "lang": {"en": "en", "zh": "zh-CN"}[language],
        "title": escape(f"{say['why']}: {name}" if language == "en" else f"{say['why']}：{name}"),
        "facts": escape(who(why, language)),
        "lead": escape(headline(why, language)),
        "steps": _steps(why, language),
        "sections": "\n".join(_sections(why, language)),
        "foot": escape(" · ".join([why.scenario, *note_texts(why, language)])),
    }
    template = files("quotaopt.report").joinpath("why.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _steps(why: RepWhy, language: str) -> str:
    """The waterfall: a bar from where each step begins to where it ends."""
    say = words(language)
    heads = [(say["how"], ""), ("", " class=bar"), (say["amount"], ""), (say["total"], "")]
    rows = ["<tr>" + "".join(f"<th{kind}>{escape(text)}</th>" for text, kind in heads) + "</tr>"]
    steps = shown_steps(why)
    ends = steps["total"].tolist()
    most = max([*ends, 1.0])
    for row, start, end in zip(each(steps), [0.0, *ends], ends, strict=False):
        where = f'<span class="where">{escape(row.source)}</span>' if row.source else ""
        kind = "whole" if row.order == 1 else "up" if end >= start else "down"
        cells = f"<td>{escape(step_words(language, row.step))}{where}</td>"
        cells += f"<td class=bar>{_bar(start / most, end / most, kind)}</td>"
        rows.append(f"<tr>{cells}<td>{added(row)}</td><td>{cents(row.total)}</td></tr>")
    final = f"<td class=bar>{_bar(0.0, ends[-1] / most, 'whole')}</td><td></td><td>{cents(ends[-1])}</td>"
    rows.append(f'<tr class="last"><td>{escape(say["final"])} {escape(why.currency)}</td>{final}</tr>')
    idle = f'<p class="soft small">{escape(idle_steps(why, language))}</p>' if idle_steps(why, language) else ""
    return f"<table>{''.join(rows)}</table>{idle}"


def _bar(start: float, end: float, kind: str) -> str:
    """A bar between two parts of the width; a step too small to be seen is still a line."""
    low, width = 100 * min(start, end), max(100 * abs(end - start), 0.6)
    return (
        '<svg viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" x="{low:.2f}" y="2" width="{width:.2f}" height="14" rx="0.4"/></svg>'
    )


def _sections(why: RepWhy, language: str) -> Iterator[str]:
    say = words(language)
    for title, lines in sections(why, language):
        table = _peers(why, say) if title == say["peers"] else ""
        body = "".join(f"<li>{escape(line)}</li>" for line in lines)
        text = f'<p class="soft small">{escape(" ".join(lines))}</p>' if table else f"<ul>{body}</ul>"
        yield f'<section class="card"><h2>{escape(title)}</h2>{table}{text}</section>'


def _peers(why: RepWhy, say: Mapping[str, str]) -> str:
    heads = ["", *(say[key] for key in ("last_year", "capacity", "presence", "quota", "stretch"))]
    rows = [f"<tr>{''.join(f'<th>{escape(lower(head))}</th>' for head in heads)}</tr>"]
    rows += [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in peer_rows(why, say)]
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'
