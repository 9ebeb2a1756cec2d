"""Every kind of place a table can come from, as a `Grid` of texts: what a planner sees, cell by cell, with its line.

One function for each kind, in `READERS` by the ending of the file; anything else is taken for a CSV file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from quotaopt.places import SQLITE, Place
from quotaopt.tables import grid
from quotaopt.tables.database import read_address, read_parquet, read_sqlite
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.textfile import read_text
from quotaopt.tables.workbook import read_workbook, sheet_names

READERS: dict[str, Callable[[Source], Grid]] = {
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xlsb": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
    ".parquet": read_parquet,
}
WILD = "*?["


def find_sources(place: Place, show: Callable[[Place], str], encoding: str) -> list[Source]:
    """Everything to read at a place, in the order of the names: one file, one database, or all a pattern finds."""
    if isinstance(place, str):
        return [Source(place, show(place), encoding=encoding)]
    if place.is_file():
        return [Source(place, show(place), encoding=encoding)]
    file, mark, part = str(place).rpartition("#")
    if mark and Path(file).is_file():
        return [Source(Path(file), show(Path(file)), part, encoding)]
    return [Source(path, show(path), encoding=encoding) for path in _matching(place)]


def read_grid(source: Source) -> Grid:
    """The cells of one source.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    if isinstance(source.place, str):
        return (read_sqlite if source.place.startswith(SQLITE) else read_address)(source)
    with reading(source):
        source.raw = source.place.read_bytes()
        source.digest = hashlib.sha256(source.raw).hexdigest()
        suffixes = [suffix.lower() for suffix in source.place.suffixes]
        if suffixes[-1:] == [".gz"]:
            with gzip.open(io.BytesIO(source.raw)) as packed:
                source.raw = packed.read(grid.UNPACKED + 1)
            if len(source.raw) > grid.UNPACKED:
                raise source.refuse_size(len(source.raw))
            suffixes.pop()
    return READERS.get(suffixes[-1] if suffixes else "", read_text)(source)


def sheets_of(path: Path, name: str) -> list[Source]:
    """Everything to read in a file: each sheet of a workbook that is not hidden, else the file itself.

    Raises
    ------
    InputError
        When it is a workbook that cannot be read.
    """
    whole = Source(path, name)
    if READERS.get(path.suffix.lower()) is not read_workbook:
        return [whole]
    whole.raw = path.read_bytes()
    return [Source(path, name, part) for part in sheet_names(whole)]


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Say in words what can go wrong with the bytes of a file."""
    try:
        yield
    except OSError as failure:
        raise source.refuse(f"cannot be read: {failure.strerror or 'it is not compressed by gzip'}") from None
    except (EOFError, zlib.error):
        raise source.refuse("cannot be read: the compressed file is damaged or cut off") from None


def _matching(pattern: Path) -> Iterator[Path]:
    """The files a pattern such as ``sales/*.csv`` finds.

    Without those a program keeps for itself (``~$book.xlsx``), and without the copies of ``check --mark``.
    """
    parts = pattern.parts
    wild = next((i for i, part in enumerate(parts) if any(mark in part for mark in WILD)), None)
    if wild is None:
        return
    for path in sorted(Path(*parts[:wild]).glob("/".join(parts[wild:]))):
        if path.is_file() and not path.name.startswith(("~$", ".")) and not path.stem.endswith("-checked"):
            yield path
