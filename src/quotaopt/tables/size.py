"""How large the text files of a history are, and from when on that matters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quotaopt.tables.grid import Source
from quotaopt.tables.sources import READERS
from quotaopt.tables.textfile import read_text

LARGE = 4_000_000
"""Bytes of history from which on it is added up by DuckDB."""
SLOW = 100_000_000
"""Bytes from which on it is worth a word where DuckDB is missing or cannot."""
PACKED = 8
"""Bytes of text in one of a compressed file, about."""


def is_large(sources: Sequence[Source]) -> bool:
    """Whether the text files among these are so large together that they are better added up by DuckDB."""
    return sum(_size(source) for source in sources) > LARGE


def is_slow(sources: Sequence[Source]) -> bool:
    """Whether they are so large that reading them cell by cell is worth a word."""
    return sum(_size(source) for source in sources) > SLOW


def takes(source: Source) -> bool:
    """Whether it is a text file."""
    return _size(source) > 0


def _size(source: Source) -> int:
    if not isinstance(source.place, Path):
        return 0
    suffixes = [suffix.lower() for suffix in source.place.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    text = READERS.get(kind[0], read_text) is read_text
    return source.place.stat().st_size * (PACKED if packed else 1) if text and source.place.is_file() else 0
