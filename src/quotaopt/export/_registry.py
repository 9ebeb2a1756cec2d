"""The registry of export formats.

A format is a function ``(run, folder, options) -> files``, named as ``--to`` names it::

    @exports
    def wide(run: Run, folder: Path, options: Options) -> list[Path]:
        \"\"\"One row per rep × product, one column per period.\"\"\"
        master = read_master(run)
        ...
        check_totals(master, path, reps, amounts)   # what was written adds up to the run, to the last unit
        return [path]

The first line of its docstring is what ``quotaopt list exports`` says of it; keyword-only parameters are its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quotaopt.registry import Registry

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Options:
    """What every format takes.

    Attributes
    ----------
    labels : language of headings and explanations; ids and periods stay as they are.
    encoding : of text files; as the scenario says (`output.csv_encoding`) when empty.
    """

    labels: Language = "en"
    encoding: str = ""


exports: Registry[Callable[..., list[Path]]] = Registry("export format")
