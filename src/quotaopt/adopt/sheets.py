"""What was found in the planner's files: each sheet, and what it was taken for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from quotaopt.errors import Finding, InputError
from quotaopt.tables.catalogue import TABLES
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.read import lay_out
from quotaopt.tables.sheet import Sheet
from quotaopt.tables.sources import READERS, read_grid, sheets_of

LOOKED_AT = 200
"""Rows of a sheet that are looked at to recognise it."""
MISSING = frozenset({"column", "header", "wide", "empty", "year"})
"""Codes of findings that say that a sheet is no table of this kind."""


@dataclass
class Found:
    """One sheet of a workbook, or one file.

    Attributes
    ----------
    source : where it is.
    grid : its cells.
    table : name of the table it was taken for; empty when it is left aside.
    mapping : headers we do not know and the column each was taken for.
    notes : how the headers of `mapping` were recognised, or why the sheet is left aside.
    """

    source: Source
    grid: Grid
    table: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _kept: dict[tuple[str, tuple[tuple[str, str], ...], bool], Sheet] = field(default_factory=dict, repr=False)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.source.place)

    @property
    def place(self) -> str:
        """File and sheet, as a scenario names them behind its folder."""
        return f"{self.path.name}#{self.source.part}" if self.source.part else self.path.name

    @property
    def label(self) -> str:
        """The name people gave the table: the sheet's, else the file's."""
        return self.source.part or self.path.stem

    def read(self, table: str, mapping: Mapping[str, str] | None = None, top: bool = False) -> Sheet:
        """The sheet as a table (its `top` only); a copy, which may be changed."""
        mapping = self.mapping if mapping is None else mapping
        key = table, tuple(mapping.items()), top
        if key not in self._kept:
            stop = LOOKED_AT if top else None
            grid = replace(
                self.grid, rows=self.grid.rows[:stop], lines=self.grid.lines[:stop], notes=list(self.grid.notes)
            )
            self._kept[key] = lay_out(grid, TABLES[table], mapping)
        kept = self._kept[key]
        return replace(kept, frame=kept.frame.copy(deep=False), findings=list(kept.findings))


def whole(sheet: Sheet) -> bool:
    """Whether a sheet has every column its table needs."""
    return not any(finding.severity == "error" and finding.code in MISSING for finding in sheet.findings)


def open_books(books: Sequence[Path]) -> list[Found]:
    """Every sheet of every file that is not empty; a folder stands for the tables in it.

    Raises
    ------
    InputError
        With every file that is not there or cannot be read.
    """
    found, findings, names = list[Found](), list[Finding](), dict[str, Path]()
    for path in _files(books):
        try:
            if not path.is_file():
                raise InputError([Finding("no such file", file=str(path), code="file")])
            if path.name in names:
                what = f"has the same name as {names[path.name]}"
                raise InputError([Finding(what, "Rename one: both are copied to data.", str(path), code="file")])
            names[path.name] = path
            grids = [(source, read_grid(source)) for source in sheets_of(path, path.name)]
            found += [Found(source, grid) for source, grid in grids if grid.rows]
        except InputError as failure:
            findings += failure.findings
    if findings:
        raise InputError(findings)
    return found


def _files(books: Sequence[Path]) -> Iterator[Path]:
    known = {*READERS, ".gz"}
    for book in books:
        if not book.is_dir():
            yield book
            continue
        inside = [path for path in sorted(book.iterdir()) if path.suffix.lower() in known and path.is_file()]
        yield from (path for path in inside if not path.name.startswith(("~$", ".")))
