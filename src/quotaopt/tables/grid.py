"""A table as it stands in its file, before anything is known of it: texts in rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from quotaopt.errors import Finding, InputError
from quotaopt.places import Place

UNPACKED = 2_000_000_000
"""Bytes a compressed file may hold; a small file that holds more is damaged, or meant to do damage."""


@dataclass
class Source:
    """One thing to read.

    Attributes
    ----------
    place : the file, or the address of a database.
    name : the place as findings call it.
    part : sheet of a workbook, empty to choose one.
    encoding : of text files.
    fit : how many headers of a row are those of the table that is wanted; chooses sheets.
    raw, digest : the file's bytes and their SHA-256.
    """

    place: Place
    name: str
    part: str = ""
    encoding: str = "auto"
    fit: Callable[[list[str]], int] = len
    raw: bytes = b""
    digest: str = ""

    def refuse(self, what: str, remedy: str = "", line: int | None = None, code: str = "file") -> InputError:
        """The error to raise when this cannot be read."""
        return InputError([Finding(what, remedy, self.name, line, code=code)])

    def refuse_size(self, size: int) -> InputError:
        """The error to raise when it holds so many bytes once unpacked."""
        what = f"unpacks to {size / 1e9:.3g} GB or more"
        return self.refuse(what, "Split it, or unpack it and name the file itself.", code="size")


@dataclass
class Grid:
    """Texts in rows.

    Attributes
    ----------
    name : the file, workbook[sheet] or database[table] as findings call it.
    lines : line of each row in it.
    rows : stripped cells of every row that is not blank.
    digest : SHA-256 of what was read.
    titles : texts that stand above the table, such as the name of the sheet.
    notes : what was odd.
    """

    name: str
    lines: list[int]
    rows: list[list[str]]
    digest: str
    titles: list[str] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def cell_text(value: Any) -> str:
    """A typed cell as text: ISO dates, numbers with as few digits as give back the same number, empty for nothing."""
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case float():
            text = number_text(repr(value))
        case Decimal():
            text = f"{value:f}"
        case datetime() if value.time() != time.min:
            text = value.isoformat(" ")
        case date():
            text = value.strftime("%Y-%m-%d")
        case bytes():
            text = value.decode("utf-8", errors="replace")
        case _:
            text = str(value)
    return text.strip()


def number_text(text: str) -> str:
    """A float's text without exponent and without ``.0``; nothing for NaN."""
    if "e" in text:
        text = f"{Decimal(text):f}"
    text = text.removesuffix(".0")
    return {"-0": "0", "nan": ""}.get(text, text)
