"""Errors of the TOML parser and of pydantic as findings a planner can act on: file, line, what, remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from quotaopt.errors import Finding, nearest, split_place
from quotaopt.settings import NAME, known_keys
from quotaopt.text import plain_month

DEFAULT = "default"
ADVICE = {
    "missing": ("missing", ""),
    "string_type": ("not a text", "Put it in quotes."),
    "list_type": ("not a list", "Write it in brackets: [ ... ]."),
    "tuple_type": ("not a path", "Write it in quotes."),
    "dict_type": ("not a table", ""),
    "model_type": ("not a table", ""),
    "finite_number": ("not a finite number", ""),
    "greater_than": ("must be greater than {gt:g}", ""),
    "greater_than_equal": ("must be at least {ge:g}", ""),
    "less_than": ("must be less than {lt:g}", ""),
    "literal_error": ("must be {expected}", ""),
}
WANTED = {"decimal": "not a number", "float": "not a number", "int": "not a whole number", "path": "not a path"}


def find_source(origins: Mapping[str, str], key: str) -> str:
    """Where `key` was written, else the first key below it, else its nearest parent; ``default`` when nowhere."""
    below = next((place for name, place in origins.items() if name.startswith(f"{key}.")), "")
    if key not in origins and below:
        return below
    while key not in origins and "." in key:
        key = key.rpartition(".")[0]
    return origins.get(key, DEFAULT)


def explain_syntax(failure: str, text: str, place: str) -> Finding:
    """A TOML syntax error in our form; the commonest slip, a month without quotes, gets its own remedy."""
    what, _, where = failure.partition(" (at ")
    found = re.match(r"line (\d+)", where)
    rows = text.rstrip("\n").split("\n")
    line = int(found[1]) if found else len(rows)
    row = rows[min(line, len(rows)) - 1].strip()
    bare = row.partition("=")[2].partition("#")[0].strip()
    month = plain_month(bare) if not bare.isdigit() else ""
    remedy = f'Write "{month}", with quotes.' if month else "Texts stand in quotes, tables like [data]."
    return Finding(f"not valid TOML: {what[0].lower()}{what[1:]}", remedy, place, line, value=row, code="toml")


def explain_error(error: ErrorDetails, origins: Mapping[str, str], scenario: str) -> Finding:
    """A pydantic error as a finding with the line of the key, or of its nearest written parent."""
    kind, context = error["type"], error.get("ctx", {})
    key = ".".join(str(part) for part in error["loc"])
    file, line = split_place(find_source(origins, key))
    value = "" if kind == "missing" or isinstance(error["input"], dict) else str(error["input"])
    if kind == "extra_forbidden":
        what, remedy, value = "unknown key", _nearest_key(key), ""
    elif kind == "quotaopt":
        what, remedy = context["what"], context["remedy"]
    else:
        what, remedy = ADVICE.get(kind, (WANTED.get(kind.partition("_")[0], error["msg"].lower()), ""))
        what = what.format(**context)
    place = (scenario, None) if what == "missing" or file == DEFAULT else (file, line)
    return Finding(what, remedy, *place, key, value, code="scenario")


def _nearest_key(key: str) -> str:
    """Which key was meant: the same name in another section, else the most alike in this one."""
    section, _, name = re.sub(r"\.\d+\b", "", key).rpartition(".")  # items of lists share their keys
    known = known_keys()
    parent = section.rpartition(".")[0]
    if section not in known and any(k.startswith(f"{parent}.{NAME}.") for k in known):
        section = f"{parent}.{NAME}"  # so do sections that people name
    here = [k.rpartition(".")[2] for k in known if k.rpartition(".")[0] == section]
    elsewhere = [k for k in known if k.rpartition(".")[2] == name]
    if name in elsewhere:
        return f"Did you mean the top-level {name!r}? Write it above the first [table]."
    near = elsewhere[0] if elsewhere else nearest(name, here)
    return f"Did you mean {near!r}?" if near else f"Known here: {', '.join(here)}."
