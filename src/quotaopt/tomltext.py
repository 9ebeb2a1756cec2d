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


def set_key(text: str, path: Path, value: Any, why: str) -> str:
    """A TOML text with one key changed or added and a comment beside it; everything else stays as it is written.

    Where a text cannot be changed in place (a dotted key, a table written twice over), it is written anew.
    """
    wanted = _put(parse_toml(text), path, value)
    for attempt in (_replaced, _inserted, _appended):
        changed = attempt(text, path, value, why)
        try:
            if changed is not None and parse_toml(changed) == wanted:
                return changed
        except tomllib.TOMLDecodeError:
            continue
    return f"# {why}\n{write_toml(wanted)}"


def _put(data: Any, path: Path, value: Any) -> Any:
    """A copy of nested tables with one value replaced or added."""
    if not path:
        return value
    table = data if isinstance(data, dict) else {}  # `rules.x = true` becomes a table
    return {**table, path[0]: _put(table.get(path[0], {}), path[1:], value)}


def _replaced(text: str, path: Path, value: Any, why: str) -> str | None:
    """The statement that holds the key, or a table or list around it, written with the new value."""
    rows, found = text.split("\n"), find_lines(text)
    start = next((found[path[:n]] - 1 for n in range(len(path), 0, -1) if path[:n] in found), None)
    if start is None or rows[start].lstrip().startswith("["):
        return None
    stop, statement = _statement(rows, start)
    key = next(iter(statement))
    if key not in path:
        return None
    changed = _put(statement, path[path.index(key) :], value)
    return "\n".join([*rows[:start], f"{_key(key)} = {_value(changed[key])}  # {why}", *rows[stop:]])


def _inserted(text: str, path: Path, value: Any, why: str) -> str | None:
    """The key put first under the header of its table."""
    rows, found = text.split("\n"), find_lines(text)
    at = found.get(path[:-1])
    if at is None:
        return None
    return "\n".join([*rows[:at], f"{_key(path[-1])} = {_value(value)}  # {why}", *rows[at:]])


def _appended(text: str, path: Path, value: Any, why: str) -> str | None:
    """A table of its own at the end."""
    header = f"\n[{'.'.join(map(_key, path[:-1]))}]\n" if path[:-1] else ""
    return f"{text.rstrip()}\n{header}{_key(path[-1])} = {_value(value)}  # {why}\n"


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
