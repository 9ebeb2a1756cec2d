"""Text, CSV and JSON of tables, for a terminal, a pipe or another program.

Text is made by one rich console and then made safe for the stream: glyphs its encoding cannot take become ASCII.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, TextIO

import pandas as pd
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

WIDE, WIDEST, ENDLESS, NARROWEST = 100, 120, 10_000, 12
PLAIN = {
    "…": "...", "→": "->", "×": "x", "·": "|", "–": "-", "−": "-", "≤": "<=", "≥": ">=", "█": "#", "▌": "#", "─": "-",
    "━": "-", "✓": "ok",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Where text goes: how wide it may be, whether in colour, and what its encoding can take.

    An `endless` page is a pipe or a file: a table that needs more width gets it.
    """

    width: int = WIDE
    colour: bool = False
    encoding: str = "utf-8"
    endless: bool = True

    @classmethod
    def of(cls, stream: TextIO, no_color: bool = False) -> Page:
        """The page a stream offers: colour only on a terminal that wants it."""
        terminal = stream.isatty()
        plain = no_color or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        width = min(Console(file=stream).width, WIDEST) if terminal else WIDE
        return cls(width, terminal and not plain, stream.encoding or "ascii", not terminal)

    def render(self, parts: Iterable[RenderableType]) -> str:
        """The parts as text, one under the other."""
        out = io.StringIO()
        console = Console(
            file=out, width=self.width, force_terminal=self.colour, no_color=not self.colour, highlight=False,
            color_system="standard" if self.colour else None, emoji=False, markup=False, legacy_windows=False,
        )  # fmt: skip
        for part in parts:
            console.width = self.width
            if isinstance(part, Table) and not any(column.ratio for column in part.columns):
                console.width = max(self.width, self._fit(part, console))
            console.print(part, soft_wrap=not isinstance(part, Table))
        lines = (line.rstrip() for line in out.getvalue().splitlines())
        return safe("\n".join(lines), self.encoding)

    def _fit(self, table: Table, console: Console) -> int:
        """The width a table needs; on a terminal its widest text column gives way first, its numbers never."""
        endless = console.options.update(max_width=ENDLESS)
        natural = console.measure(table, options=endless).maximum
        texts = [column for column in table.columns if column.justify == "left"]
        if self.endless or natural <= self.width or not texts:
            return natural
        sizes = [max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in texts]
        widest = sizes.index(max(sizes))
        texts[widest].max_width = max(sizes[widest] - (natural - self.width), NARROWEST)
        return console.measure(table, options=endless).maximum


def safe(text: str, encoding: str) -> str:
    """`text` with every glyph that `encoding` cannot take written in ASCII."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = "".join(PLAIN.get(glyph, glyph) for glyph in text)
        return plain.encode(encoding, errors="replace").decode(encoding)
    return text


def grid(
    headers: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    right: Iterable[int] | None = None,
    wrap: Iterable[int] = (),
    total: bool = False,
) -> Table:
    """A table without lines, its last row set apart when it is a total.

    Parameters
    ----------
    right : columns whose cells stand to the right; all but the first when not given.
    wrap : columns that may take several lines.
    """
    body, right = list(rows), set(range(1, len(headers)) if right is None else right)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for k, header in enumerate(headers):
        table.add_column(
            header, justify="right" if k in right else "left", no_wrap=k not in set(wrap), overflow="ellipsis"
        )
    for k, row in enumerate(body):
        table.add_row(*row, style="bold" if total and k == len(body) - 1 else None)
    return table


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, each with its columns as attributes."""
    return iter(frame.itertuples())


def labelled(rows: Iterable[tuple[str, str, str | Text]]) -> Table:
    """Lines with a label (and its style) before them; long ones go on below, under their own beginning."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for label, style, text in rows:
        table.add_row(Text(label, style=style), text)
    return table


def money(value: float, digits: int | None = None) -> str:
    """An amount with thousands separated; cents only where amounts are small. Empty when unknown."""
    if isnan(value) or value == 0:
        return "" if isnan(value) else "0"
    return f"{value:,.{(0 if abs(value) >= 1000 else 2) if digits is None else digits}f}"


def ratio(value: float) -> str:
    """A plain ratio, like 0.95; empty when unknown."""
    return "" if isnan(value) else f"{value:.2f}"


def percent(value: float, sign: bool = True) -> str:
    """A ratio as people read it, like +12.0 %; empty when unknown."""
    return "" if isnan(value) else f"{100 * value:{'+' if sign else ''}z.1f} %"


def to_csv(frame: pd.DataFrame) -> str:
    """The table as CSV, for a pipe."""
    return frame.to_csv(index=False, lineterminator="\n").rstrip("\n")


def to_json(schema: str, **content: Any) -> str:
    """One JSON object with its schema; numbers that are not known become null."""
    return json.dumps({"schema": f"quotaopt/{schema}/1", **content}, indent=2, ensure_ascii=False, default=_plain)


def records(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    """The rows of a table for JSON."""
    return [
        {str(key): None if isinstance(value, float) and isnan(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
