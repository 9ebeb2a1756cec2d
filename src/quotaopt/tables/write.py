"""Write tables for people and programs: CSV that opens in Excel, and a Data Package that describes it.

CRLF, ISO dates, ``.`` decimals, no exponents, no thousands separators; the same table gives the same bytes.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quotaopt.columns import Column
from quotaopt.columns.keys import KEYS, PARENTS

SPECIAL = re.compile('[,"\r\n]')
RISKY = ("=", "+", "-", "@")
"""A text that starts so would be taken for a formula by a spreadsheet; it gets an apostrophe in front."""


def write_csv(frame: pd.DataFrame, path: Path, encoding: str = "utf-8-sig") -> None:
    """Write a table as CSV.

    Floats are written with as few digits as give back the same number, decimals exactly as they are; what is missing
    (None, NaN, NaT) as an empty cell. Texts that start with ``= + - @`` get an apostrophe in front, which
    `read_inputs` takes away again.
    """
    header = [_quoted(_text(str(name))) for name in frame.columns]
    lines = [",".join(header), *map(",".join, zip(*(_cells(frame[name]) for name in frame.columns), strict=True))]
    if len(header) == 1:
        lines = [line or '""' for line in lines]  # a line of nothing is no line to most readers
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))


def write_tables(tables: Mapping[str, tuple[pd.DataFrame, Sequence[Column]]], folder: Path, encoding: str) -> None:
    """Write each table as CSV under its name, and ``datapackage.json`` beside them."""
    for name, (frame, _) in tables.items():
        write_csv(frame, folder / f"{name}.csv", encoding)
    datapackage(
        {f"{name}.csv": columns for name, (_, columns) in tables.items()}, folder / "datapackage.json", encoding
    )


def datapackage(tables: Mapping[str, Sequence[Column]], path: Path, encoding: str = "utf-8") -> None:
    """Write ``datapackage.json``: for each CSV file beside it the type and meaning of every column (Table Schema).

    Parameters
    ----------
    tables : file name → its columns; keys are those of `columns.keys`.
    encoding : of the CSV files.
    """
    resources = [
        {
            "name": re.sub(r"[^a-z0-9._-]", "-", Path(file).stem.lower()),
            "path": file,
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": encoding,
            "dialect": {"delimiter": ",", "lineTerminator": "\r\n"},
            "schema": {
                "fields": [{"name": c.name, "type": c.type, "description": c.about} for c in columns],
                "missingValues": [""],
                **_keys(Path(file).stem, {Path(other).stem for other in tables}),
            },
        }
        for file, columns in tables.items()
    ]
    package = {"profile": "tabular-data-package", "resources": resources}
    path.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


def _keys(name: str, others: set[str]) -> dict[str, Any]:
    """What a table's schema says of its keys."""
    found: dict[str, Any] = {}
    if name in KEYS:
        found["primaryKey"] = list(KEYS[name])
    parent, columns = PARENTS.get(name, ("", ()))
    if parent in others:
        reference = {"resource": parent, "fields": list(columns)}
        found["foreignKeys"] = [{"fields": list(columns), "reference": reference}]
    return found


def _cells(column: pd.Series[Any]) -> Iterable[str]:
    """The texts of a column, quoted; a whole column of one kind is written by one function."""
    if pd.api.types.is_bool_dtype(column):
        return ["true" if value else "false" for value in column]
    if pd.api.types.is_float_dtype(column):
        return map(_float, column.tolist())
    if pd.api.types.is_integer_dtype(column):
        return map(str, column.tolist())
    values = column.astype(object).tolist()
    if pd.api.types.infer_dtype(column, skipna=True) == "string":  # few different ones, each looked at once
        written = {text: _quoted(_cell(text)) for text in set(values)}
        return values if all(map(operator.is_, written, written.values())) else map(written.__getitem__, values)
    return (_quoted(_cell(value)) for value in values)


def _cell(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return _float(float(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != datetime.min.time() else value.date().isoformat()
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(RISKY) else value


def _quoted(text: str) -> str:
    """A text in quotation marks where a comma, a quotation mark or a line end would be taken for the table's."""
    return '"' + text.replace('"', '""') + '"' if SPECIAL.search(text) else text


def _float(value: float) -> str:
    if math.isnan(value):
        return ""
    text = repr(value)
    if "e" in text:
        text = np.format_float_positional(value, trim="-")
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text
