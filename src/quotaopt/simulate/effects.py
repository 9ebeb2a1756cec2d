"""What differs between two runs, and of which kind: an input, a rule, or a belief about behaviour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quotaopt.scenario import flatten
from quotaopt.simulate.future import Future

INPUT = ("data.", "forecast.", "ramp.", "attrition.", "workload.", "calendar", "first_month", "last_month", "unit")
BEHAVIOUR = ("policy.effort",)
SILENT = ("about", "version", "model", "currency", "solver.", "output.")


def kind_of(key: str) -> str:
    """``input`` (what we assume of the world), ``rule`` (what we decide), ``behaviour`` (how people react)."""
    return "behaviour" if key.startswith(BEHAVIOUR) else "input" if key.startswith(INPUT) else "rule"


def list_effects(first: Future, other: Future) -> Iterator[dict[str, Any]]:
    """One row for each key that differs, and one for each data file that does."""
    a, b = flatten(first.scenario), flatten(other.scenario)
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) != b.get(key) and not key.startswith(SILENT):
            yield _row(kind_of(key), key, f"{_text(a.get(key))} → {_text(b.get(key))}")
    was, now = (dict(future.run.record["inputs"]) for future in (first, other))
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield _row("input", name, "another file" if name in was and name in now else "read by one of the two only")


def _row(kind: str, key: str, about: str) -> dict[str, Any]:
    return {"level": "effect", "key": key, "name": "", "measure": kind, "unit": "", "about": about}


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
