"""Findings as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from quotaopt import columns as c
from quotaopt.errors import Finding, shorten


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


def counted(number: int, noun: str) -> str:
    """``1 problem``, ``2 problems``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
