"""Where data come from, as a scenario writes it: a file, a sheet of a workbook, a pattern of files, a database.

A file is a `Path` (``book.xlsx#Sheet`` and ``sales/*.csv`` are paths too), a database its address as a text, like
``sqlite:///crm.db?table=orders``. Files of both are relative to the file that writes them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

Place = Path | str
SQLITE = "sqlite:///"
ADDRESS = re.compile(r"[a-z][a-z0-9+]+://", re.IGNORECASE)
PASSWORD = re.compile(r"(//[^:/@?]*):[^@/?]+@")


def anchor_place(text: str, folder: Path) -> Place:
    """What a scenario in `folder` writes, with an absolute path."""
    if not ADDRESS.match(text):
        return Path(os.path.normpath(folder / text))
    if not text.startswith(SQLITE):
        return text
    file, query = split_address(text)
    return f"{SQLITE}{Path(os.path.normpath(folder / file)).as_posix()}{query}"


def show_place(place: Place, root: Path) -> str:
    """A place as people read it: relative to `root` when inside it, with forward slashes, without a password."""
    if isinstance(place, Path):
        return (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()
    if not place.startswith(SQLITE):
        return PASSWORD.sub(r"\1:***@", place)
    file, query = split_address(place)
    return f"{SQLITE}{show_place(Path(file), root)}{query}"


def relative_place(place: Place, folder: Path) -> str:
    """A place as a file in `folder` has to write it."""
    if isinstance(place, str):
        if not place.startswith(SQLITE):
            return place
        file, query = split_address(place)
        return f"{SQLITE}{relative_place(Path(file), folder)}{query}"
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return place.as_posix()


def split_address(address: str) -> tuple[str, str]:
    """File and ``?…`` of the address of an SQLite database."""
    file, mark, query = address.removeprefix(SQLITE).partition("?")
    return file, mark + query
