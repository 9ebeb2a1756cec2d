"""What a table people bring is made of: columns, types and limits, and the headers each column is known by.

Headers are compared without case, spaces and punctuation. Where several headers of a file could be one column,
the one that comes first is taken. The tables themselves stand in `quotaopt.tables.catalogue`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

LARGEST = 1e15
"""No amount is larger: beyond it cents are lost."""


class Kind(Enum):
    """What the cells of a column hold. Money is a number that counts in the table's unit, and is kept exact."""

    TEXT = "text"
    MONTH = "month"
    DAY = "day"
    NUMBER = "number"
    MONEY = "money"
    FLAG = "flag"

    @property
    def numeric(self) -> bool:
        """Whether cells are numbers."""
        return self in (Kind.NUMBER, Kind.MONEY)


@dataclass(frozen=True)
class Field:
    """One column: its name, what its cells hold, and the headers it is known by (space-separated words).

    A `required` column must be there and filled in every row; the one named by `instead` may take its place.
    `low` and `high` bound numbers, and `limits` says so.
    """

    name: str
    kind: Kind = Kind.TEXT
    aliases: str = ""
    required: bool = False
    instead: str = ""
    low: float = -LARGEST
    high: float = LARGEST
    limits: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header of this column, as `plain_header` writes it, the best one first."""
        return (plain_header(self.name), *self.aliases.split())


@dataclass(frozen=True)
class Table:
    """One kind of file: its columns, what makes a row unique (and what to do when it is not), whether it may be empty.

    Columns we do not know are kept with a warning, or silently where the table `keeps_others`.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    may_be_empty: bool = False
    keeps_others: bool = False
    remedy: str = "Keep one of the two."

    @property
    def money(self) -> str:
        """The column of amounts; empty in a table without one."""
        return next((f.name for f in self.fields if f.kind is Kind.MONEY), "")

    def named(self, header: str) -> str:
        """The column that a header is known to be; empty where none is."""
        return next((f.name for f in self.fields if plain_header(header) in f.headers), "")

    def field(self, name: str) -> Field:
        """The column called `name`."""
        return next(f for f in self.fields if f.name == name)


def plain_header(text: str) -> str:
    """A header without case, width, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
