"""Findings as people and programs read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from quotaopt import columns as c
from quotaopt.errors import Finding, shorten
from quotaopt.report.words import rule_words, step_words, words
from quotaopt.report.words_clash import CLASHES
from quotaopt.report.words_findings import FINDINGS, PHRASES
from quotaopt.report.words_measures import BANDS, MEASURES
from quotaopt.text import counted


def finding_records(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as rows, with the columns of ``warnings.csv``."""
    names = [column.name for column in c.WARNINGS]
    return [
        dict(zip(names, (f.severity, f.code, f.file, f.line, f.column, f.value, f.what, f.remedy), strict=True))
        for f in findings
    ]


def check_lines(problems: Sequence[Finding], warnings: Sequence[Finding]) -> Iterator[str]:
    """What `quotaopt check` prints: each problem on a line, the warnings set apart, the count last."""
    yield from map(str, shorten(problems))
    if warnings:
        yield "Warnings"
        yield from (f"  {finding}" for finding in shorten(warnings))
    counts = f"{counted(len(problems), 'problem')}, {counted(len(warnings), 'warning')}."
    yield f"{counts} Nothing was run." if problems else counts.replace("0 problems", "No problems")


# In the language of a page: a run keeps its findings in English, once.

ABOUT = ("band", "kind", "pair", "jump")  # gaps of measures
GAP, LETTERS = re.compile(r"\{(\w+)\}"), re.compile("[A-Za-z]")
RULE = re.compile(r"(?<![\w./-])[a-z]+(_[a-z]+)+(?![\w./-])")  # no part of a path


def in_language(text: str, language: str) -> str:
    """A warning, note or remedy of a run as a page says it; what there are no words for stays English, marked as such.

    >>> in_language("read as GB18030", "zh")
    '按 GB18030 编码读取'
    """
    told = text if language == "en" or not LETTERS.search(text) else translate(text)
    return told or text + words(language)["page.original"] * bool(text)


def translate(text: str) -> str:
    """The Chinese of a warning, note, remedy or measure; empty when there are no words for it."""
    for pattern, chinese in _patterns():
        if found := pattern.fullmatch(text):
            return chinese.format(**{name: _say(name, gap) for name, gap in found.groupdict().items()})
    return ""


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Each English template as a pattern; those with more words of their own first."""
    known = {**FINDINGS, **MEASURES, **CLASHES}
    order = sorted(known, key=lambda text: -len(GAP.sub("", text)))
    return [(re.compile(_pattern(text)), known[text]) for text in order]


def _pattern(template: str) -> str:
    plain = re.escape(template).replace(r"\(s\)", "s?")
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", plain)


def _say(name: str, gap: str) -> str:
    """What stands in a gap."""
    if name in ("rule", "step"):
        return step_words("zh", gap)
    if name in ("asks", "allows", "limits"):  # limits as `optimize.words.listed` names them
        gap = RULE.sub(lambda found: rule_words("zh", found[0]), gap).replace(" all (", " (")
    for pattern, chinese in (BANDS if name in ABOUT else PHRASES).items():
        gap = re.sub(pattern, chinese, gap)
    return gap
