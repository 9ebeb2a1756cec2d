"""A large text file in the form DuckDB reads, UTF-8 with a line feed behind every line; a copy where it is not so."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from quotaopt.errors import InputError
from quotaopt.tables import grid
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.sources import reading
from quotaopt.tables.textfile import find_codec, note_codec, refuse_codec, refuse_other, split_rows

PIECE = 1 << 22
MOST_PACKED = 200
"""Bytes of text in one of a compressed file; no table has more."""
HEAD = 100
"""Lines in which titles and headers are looked for."""


class UnfitError(Exception):
    """A file that has to be read cell by cell after all."""


@dataclass(frozen=True)
class Spooled:
    """The file or its copy: where it lies, whether any cell is quoted, the first rows, and what separates cells."""

    path: Path
    quoted: bool
    head: Grid
    separator: str

    def forget(self, source: Source) -> None:
        """Delete the copy, unless it is the file itself."""
        if self.path != source.place:
            self.path.unlink()


def spool(source: Source, path: Path) -> Spooled:
    """Look at a text file, and copy it where it has to be; its digest is put into the source.

    Lines keep their numbers: in a copy a blank one becomes a space. Raises `InputError` where the file cannot be read.
    """
    with reading(source):
        source.digest = _hash(source)
        with _open(source) as raw:
            start = raw.read(8)
        refuse_other(source, start)
        codec = find_codec(source, start)
        try:
            quoted, plain = _look(source, codec or "utf-8")
        except UnicodeDecodeError:
            codec = "gb18030"
            quoted, plain = _look(source, codec)
        if plain and (codec or "utf-8") == "utf-8" and Path(source.place).suffix.lower() != ".gz":
            path = Path(source.place)
        else:
            _copy(source, codec or "utf-8", path)
    with path.open(encoding="utf-8", newline="\n") as text:
        head = ["\n" if line == " \n" else line for line in itertools.islice(text, HEAD)]
    try:
        lines, rows, separator = split_rows(source, "".join(head))
    except InputError as failure:  # a cell goes on behind the last of these lines, or a quotation mark is wrong
        lines, rows, separator = split_rows(source, "".join(head[: (failure.findings[0].line or 1) - 1]))
    notes = note_codec(source, codec or "utf-8")
    return Spooled(path, quoted, Grid(source.name, lines, rows, source.digest, notes=notes), separator)


def _hash(source: Source) -> str:
    with Path(source.place).open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _open(source: Source) -> BinaryIO:
    path = Path(source.place)
    return cast("BinaryIO", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _look(source: Source, codec: str) -> tuple[bool, bool]:
    """Whether the file holds quotation marks, and whether each line ends with a line feed and none is empty.

    Raises
    ------
    UnicodeDecodeError
        When the file is no UTF-8 and nobody said what it is.
    """
    quoted, plain, last = False, True, "\n"
    for text in _decode(source, codec, translate=False):
        if "\0" in text or "\x1f" in text:
            raise UnfitError("it holds control characters")
        quoted |= '"' in text
        plain &= not ("\r" in text or "\n\n" in text or (last == "\n" and text[0] == "\n"))
        last = text[-1]
    return quoted, plain


def _copy(source: Source, codec: str, path: Path) -> None:
    """Write the copy."""
    blank = True
    with path.open("w", encoding="utf-8", newline="\n") as copy:
        for text in _decode(source, codec):
            text = f" {text}" if blank and text.startswith("\n") else text
            blank = text.endswith("\n")
            while "\n\n" in text:
                text = text.replace("\n\n", "\n \n")
            copy.write(text)


def _decode(source: Source, codec: str, translate: bool = True) -> Iterator[str]:
    """The file's text in pieces, line endings made line feeds (`translate`), without a byte order mark."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines, seen, first = io.IncrementalNewlineDecoder(decoder, translate=translate), 0, True
    size, most = 0, Path(source.place).stat().st_size
    with _open(source) as raw:
        while True:
            piece = raw.read(PIECE)
            try:
                text = lines.decode(piece, final=not piece)
            except UnicodeDecodeError as failure:
                if codec == "utf-8" and source.encoding == "auto":
                    raise
                raise refuse_codec(source, codec, seen + failure.object[: failure.start].count(b"\n")) from None
            seen += piece.count(b"\n")
            size += len(piece)
            if size > max(grid.UNPACKED, MOST_PACKED * most):
                raise source.refuse_size(size)
            text = text.removeprefix("\ufeff") if first else text
            if text:
                yield text
                first = False
            if not piece:
                return
