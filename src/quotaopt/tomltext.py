"""TOML as text: on which line each key stands, and a writer whose output reads back to the same data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

Path = tuple[str, ...]


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML, keeping decimal fractions exact."""
    return tomllib.loads(text, parse_float=Decimal)


def find_lines(text: str) -> dict[Path, int]:
    """Line number (from 1) of every key and table of a valid TOML text; items of lists are keyed by their number.

    The parser itself finds where each statement ends: lines are added until they parse.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    rows = text.split("\n")
    start = 0
    while start < len(rows):
        stop, statement = _statement(rows, start)
        if rows[start].lstrip().startswith("["):
            table = _enter(next(_paths(statement)), rows[start].lstrip().startswith("[["), counts)
            found.setdefault(table, start + 1)
        else:
            for path in _paths(statement):
                found.setdefault(table + path, start + 1)
        start = stop
    return found


def _statement(rows: Sequence[str], start: int) -> tuple[int, dict[str, Any]]:
    """The statement that begins on row `start`, and the row after its last."""
    for stop in range(start + 1, len(rows) + 1):
        try:
            return stop, tomllib.loads("\n".join(rows[start:stop]))
        except tomllib.TOMLDecodeError:
            continue
    return len(rows), {}


def _paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every path below `value`, the longest first, so that a table header is its first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        if isinstance(value, dict) or isinstance(below, dict):
            yield from _paths(below, (*at, str(key)))
    if at:
        yield at


def _enter(header: Path, many: bool, counts: dict[Path, int]) -> Path:
    """The full path of a table header; under an array of tables the number of its newest item is put in."""
    names = header[:-1] if many else header  # the sample item of [[a.b]] is path a, b, 0
    path: Path = ()
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        last = depth == len(names)
        if last and many:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, str(counts[path]))
    return path


def write_toml(data: Mapping[str, Any]) -> str:
    """TOML text of nested tables: plain values first, then one ``[table]`` after the other."""
    return "\n".join(_table(data, ())).strip("\n") + "\n"


def _table(data: Mapping[str, Any], at: Path) -> Iterator[str]:
    tables = {k: v for k, v in data.items() if isinstance(v, Mapping) and v}
    plain = {k: v for k, v in data.items() if k not in tables}
    if at and plain:
        yield f"\n[{'.'.join(map(_key, at))}]"
    yield from (f"{_key(k)} = {_value(v)}" for k, v in plain.items())
    for name, table in tables.items():
        yield from _table(table, (*at, name))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Decimal, float, int)):
        return _number(Decimal(str(value)))
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(str(value))


def _number(value: Decimal) -> str:
    if not value.is_finite():
        return "nan" if value.is_nan() else "inf" if value > 0 else "-inf"
    return f"{value:f}"
