"""What can go wrong, in words a planner can act on.

::

    QuotaoptError
    ├── InputError(findings)          every problem of every file at once
    ├── UnknownNameError(kind, name)  no such rule, goal, forecaster, solver, key; offers the nearest
    ├── NoPlanError(status)           a value was asked of a plan that has none
    └── SolverError(solver, detail)   missing, crashed, returned nonsense

Infeasible, unbounded and time limits are statuses of a plan, never exceptions.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

MOST_NAMED = 40  # of the known names, in a message
SHOWN = 10  # findings of one kind printed for one file


def nearest(name: str, choices: Iterable[str]) -> str:
    """The choice most like `name`, or an empty string when none is close."""
    found = difflib.get_close_matches(name, [str(c) for c in choices], n=1, cutoff=0.5)
    return found[0] if found else ""


def split_place(place: str) -> tuple[str, int | None]:
    """File and line of a place like ``scenarios/x.toml:6``."""
    file, _, line = place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (place, None)


@dataclass(frozen=True)
class Finding:
    """One thing found in the input: a problem (`severity="error"`) or a warning.

    Printed as ``file:line  column: what (got 'value'). remedy``; parts that are empty are left out.
    """

    what: str
    remedy: str = ""
    file: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    severity: str = "error"
    code: str = "input"

    @property
    def place(self) -> str:
        """``file:line``, ``file`` or an empty string."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    def __str__(self) -> str:
        head = f"{self.place}  " if self.place else ""
        column = f"{self.column}: " if self.column else ""
        got = f" (got {self.value!r})" if self.value else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{head}{column}{self.what}{got}.{remedy}"


def shorten(findings: Iterable[Finding]) -> list[Finding]:
    """Findings as they are printed: of many of one kind in one column of a file the first ten, the rest counted."""
    short: list[Finding] = []
    for _, group in itertools.groupby(findings, lambda f: (f.file, f.code, f.severity, f.column.rpartition(" (")[2])):
        alike = list(group)
        short += alike[:SHOWN]
        if len(alike) > SHOWN:
            one = len({finding.column for finding in alike}) == 1
            column = alike[0].column if one else alike[0].column.rpartition(" (")[2].removesuffix(")")
            more = f"and {len(alike) - SHOWN:,} more like this"
            short.append(replace(alike[0], what=more, remedy="", line=None, column=column, value=""))
    return short


class QuotaoptError(Exception):
    """Any failure quotaopt reports itself; `exit_code` is what the command line returns."""

    exit_code = 70


class InputError(QuotaoptError):
    """The input is wrong. Carries every finding of every file, in file order."""

    exit_code = 1

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(f) for f in shorten(self.findings)))


class UnknownNameError(QuotaoptError):
    """No such rule, goal, forecaster, solver or key; names the nearest one."""

    exit_code = 1

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        self.kind, self.name, self.choices = kind, name, tuple(choices)
        near = nearest(name, self.choices)
        more = f" and {len(self.choices) - MOST_NAMED:,} more" if len(self.choices) > MOST_NAMED else ""
        self.remedy = f"Did you mean {near!r}?" if near else f"Known: {', '.join(self.choices[:MOST_NAMED])}{more}."
        super().__init__(f"no such {kind} {name!r}. {self.remedy}")


class NoPlanError(QuotaoptError):
    """A value was asked of a plan that has none."""

    exit_code = 3


class SolverError(QuotaoptError):
    """A solver is missing, crashed or returned nonsense."""

    exit_code = 4

    def __init__(self, solver: str, detail: str) -> None:
        self.solver, self.detail = solver, detail
        super().__init__(f"solver {solver}: {detail}")
