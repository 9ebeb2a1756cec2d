"""History of more than 100 MB: DuckDB adds it up by rep, product and month while it stays on disk.

Every line whose cells are all plain is added up there, exactly; every other line, and the first in which each column is
filled, comes back as a row to be read and checked like any other. Which texts are plain is decided by the same checks,
once for each different text. So each problem has its line, and the sums are those of the other way to the last cent.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quotaopt.tables.checks import drop_subtotals, read_cells, report_repeats
from quotaopt.tables.exact import as_whole, rescale, to_whole
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.plain import AMOUNT, ORDER, cells_of, load, read_odd
from quotaopt.tables.schema import Table
from quotaopt.tables.sheet import LISTED, Sheet
from quotaopt.tables.sources import READERS
from quotaopt.tables.spool import Spooled, UnfitError, spool
from quotaopt.tables.textfile import ESCAPED, read_text
from quotaopt.text import NUMBER

LARGE = 100_000_000
"""Bytes of history from which on it is added up by DuckDB."""
PACKED = 8
"""Bytes of text in one of a compressed file, about."""
MEMORY = "400MB"
"""What DuckDB may use; beyond it spills to disk."""
MOST_ODD = 200_000
"""Lines of a file that may need a closer look; with more all of it is read cell by cell."""
MOST_NAMES = 2_000_000
"""Different texts of a column, order numbers aside."""
Head = Callable[[Grid], tuple[Grid, Mapping[str, int]]]


def is_large(sources: Sequence[Source]) -> bool:
    """Whether the text files among these are so large together that they are better added up by DuckDB."""
    return sum(_size(source) for source in sources) > LARGE


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


@dataclass
class Loaded:
    """One file in DuckDB: its table, its name as findings call it, the decimal places of its whole amounts."""

    table: str
    name: str
    scale: int
    columns: tuple[str, ...]


@dataclass
class Large:
    """A DuckDB of its own, in memory, spilling to a folder that is deleted with it.

    Attributes
    ----------
    names : column → different texts as they count, and the code of each; "" is 0.
    files : what was loaded.
    """

    table: Table
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    files: list[Loaded] = field(default_factory=list)

    def __enter__(self) -> Self:
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="quotaopt-", ignore_cleanup_errors=True)
        self._base, self._number = duckdb.connect(), 0
        self._failure = duckdb.Error
        self._base.execute(f"SET memory_limit='{MEMORY}'; SET enable_progress_bar=false")
        self._base.execute("SET temp_directory=$1", [self._folder.name])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._base.close()
        self._folder.cleanup()
        if kind is not None and issubclass(kind, self._failure):
            raise UnfitError(f"DuckDB: {str(error).splitlines()[0]}") from error

    # ---- reading --------------------------------------------------------------------------------

    def skim(self, source: Source, understand: Head) -> Grid:
        """Load the plain lines of a file; the headers and all other lines are the grid."""
        self._number += 1
        copy = spool(source, Path(self._folder.name, f"{self._number}.txt"))
        head, found = understand(copy.head)
        columns = {c: i for c, i in found.items() if c in [f.name for f in self.table.fields]}
        if not head.rows or AMOUNT not in columns or "metric" in columns or "currency" in columns:
            raise UnfitError("its headers need a closer look")
        if self.files and set(columns) != set(self.files[0].columns):
            raise UnfitError("its files have different columns")
        loaded = Loaded(f"sales{self._number}", source.name, 0, tuple(columns))
        cells = cells_of(copy, head, columns)
        coded = [c for c in columns if c not in (ORDER, AMOUNT)]
        self._learn(loaded, cells, coded)
        self._base.execute(
            f"CREATE TABLE {loaded.table} AS {load(loaded.table, cells, coded, ORDER in columns, loaded.scale)}"
        )
        lines, rows = self._odd(source, copy, loaded)
        copy.forget(source)
        self.files.append(loaded)
        return replace(head, lines=[head.lines[0], *lines], rows=[head.rows[0], *rows])

    def _learn(self, loaded: Loaded, cells: str, coded: Sequence[str]) -> None:
        """Look at the different texts of each column, and at the decimal places of the amounts."""
        different = ", ".join(f"list(DISTINCT {c})" for c in coded)
        places = "max(length(rtrim(split_part(amount, '.', 2)))) FILTER (plain)"
        sql = f"SELECT {places}, {different} FROM ({cells}) WHERE good"
        scale, *lists = self._base.execute(sql).fetchall()[0]
        loaded.scale = scale or 0
        for column, texts in zip(coded, lists, strict=True):
            if len(texts or ()) > MOST_NAMES:
                raise UnfitError(f"too many different texts in {column}")
            known = self.names.setdefault(column, {"": 0})
            raw, plain = self._judge(column, sorted(texts or ()))
            codes = [known.setdefault(text, len(known)) for text in plain]
            map_name = f"{loaded.table}_{column}"
            self._base.execute(f"CREATE TABLE {map_name} (raw VARCHAR, code INTEGER)")
            self._base.execute(f"INSERT INTO {map_name} SELECT unnest($1), unnest($2)", [raw, codes])

    def _judge(self, column: str, texts: list[str]) -> tuple[list[str], list[str]]:
        """The texts that need no word, and what they count as."""
        cells = [text.strip() for text in texts]
        cells = [cell[1:] if ESCAPED.match(cell) else cell for cell in cells]
        sheet = Sheet(self.table)
        sheet.fill(pd.DataFrame({column: np.array(cells, dtype=object)}, dtype=object), range(len(cells)))
        drop_subtotals(sheet)
        read_cells(sheet)
        if len(sheet.findings) > LISTED:
            raise UnfitError(f"too many texts in {column} need a closer look")
        needed, told = sheet.needs(column), {f.line for f in sheet.findings}
        read = [pair for pair in zip(sheet.line.tolist(), sheet.frame[column], strict=True) if pair[0] not in told]
        plain = [(texts[k], value) for k, value in read if value or not (needed or cells[k])]
        return [raw for raw, _ in plain], [value for _, value in plain]

    def _odd(self, source: Source, copy: Spooled, loaded: Loaded) -> tuple[list[int], list[list[str]]]:
        """Take the lines that are not plain out of the table, and read them.

        So are the first line and the first in which each column is filled: a column that is empty in all rows that are
        read counts as one that is not there.
        """
        odd = " OR ".join(f"{c} IS NULL" for c in loaded.columns)
        empty = {c: "''" if c == ORDER else "0" for c in loaded.columns if c != AMOUNT}  # codes: "" is 0
        firsts = ["min(line)", *(f"min(line) FILTER ({c} <> {none})" for c, none in empty.items())]
        first = f"line IN (SELECT unnest([{', '.join(firsts)}]) FROM {loaded.table})"
        sql = f"SELECT line FROM {loaded.table} WHERE {odd} OR {first} ORDER BY line LIMIT {MOST_ODD + 1}"
        wanted = [line for (line,) in self._base.execute(sql).fetchall()]
        if len(wanted) > MOST_ODD:
            raise UnfitError("too many of its lines need a closer look")
        self._base.execute(f"DELETE FROM {loaded.table} WHERE {odd}")
        lines, rows, read = read_odd(source, copy, wanted)
        self._base.execute(f"DELETE FROM {loaded.table} WHERE line IN (SELECT unnest($1))", [read])
        return lines, rows

    # ---- checking and adding up -----------------------------------------------------------------

    def count_returns(self) -> int:
        """Plain lines with a negative amount."""
        counts = [self._base.execute(f"SELECT count(*) FROM {f.table} WHERE amount < 0").fetchall() for f in self.files]
        return sum(int(count[0][0]) for count in counts)

    def check_keys(self, sheet: Sheet, remedy: str) -> int:
        """As `checks.check_keys`, for the plain lines and the rows of the sheet together."""
        columns = [c for c in self.table.key if sheet.has(c)]
        needed = [f for f in self.table.fields if f.required and f.name in self.table.key]
        if not columns or not all(sheet.has(f.name) or sheet.has(f.instead) for f in needed):
            return 0
        keys = [c for c in columns if not (c == "month" and "date" in columns)]
        self._insert_rows(sheet, keys)
        chosen = ", ".join(keys)
        tables = [
            f"SELECT {k}::BIGINT << 40 | line AS place, {chosen} FROM {f.table}" for k, f in enumerate(self.files)
        ]
        every = " UNION ALL ".join([*tables, f"SELECT place, {chosen} FROM others"])
        again = f"SELECT {chosen}, min(place) AS original, count(*) AS n FROM ({every}) GROUP BY ALL HAVING n > 1"
        self._base.execute(f"CREATE TEMP TABLE repeats AS {again}")
        total = int(self._base.execute("SELECT coalesce(sum(n - 1), 0)::BIGINT FROM repeats").fetchall()[0][0])
        if remedy and total:
            sql = f"SELECT place, original FROM ({every}) JOIN repeats USING ({chosen})"
            sql += f" WHERE place > original ORDER BY place LIMIT {LISTED + 1}"
            found = self._base.execute(sql).fetchall()
            places = [[(self.files[at >> 40].name, at & (1 << 40) - 1) for at in pair] for pair in found]
            report_repeats(sheet, columns, places, total, remedy)
        return total

    def _insert_rows(self, sheet: Sheet, keys: Sequence[str]) -> None:
        """The keys of the sheet's rows that are filled, as codes, into a table of their own."""
        filled = np.all([sheet.frame[c].to_numpy() != "" for c in keys if sheet.needs(c)], axis=0)
        number = {file.name: k << 40 for k, file in enumerate(self.files)}
        at = [number[name] | line for name, line in zip(sheet.file[filled], sheet.line[filled].tolist(), strict=True)]
        values: list[list[Any]] = [at]
        for column in keys:
            texts = sheet.frame[column].to_numpy()[filled].tolist()
            known = self.names.setdefault(column, {"": 0})
            values.append(texts if column == ORDER else [known.setdefault(t, len(known)) for t in texts])
        kinds = ", ".join(f"{c} {'VARCHAR' if c == 'order_id' else 'INTEGER'}" for c in keys)
        self._base.execute(f"CREATE TABLE others (place BIGINT, {kinds})")
        lists = ", ".join(f"unnest(${k + 1})" for k in range(len(values)))
        self._base.execute(f"INSERT INTO others SELECT {lists}", values)

    def note(self, sheet: Sheet) -> None:
        """Remember the unit of each file's amounts; all rows have to be of the loaded files."""
        if {*sheet.file.tolist()} - {file.name for file in self.files} or (sheet.heads != "").any():
            raise UnfitError("only part of it is text")
        self._units = dict(zip(sheet.file, sheet.unit, strict=True))

    def add_up(self, sheet: Sheet) -> Sheet:
        """The rows of the sheet and what the plain lines add up to, with the line each sum begins at, in file order."""
        known = [f.name for f in self.table.fields if not f.kind.numeric and f.name not in ("date", ORDER)]
        keys = [name for name in known if sheet.has(name)]
        if not sheet.has("month", AMOUNT) or not self.files:
            return sheet
        numbers = sheet.convert(AMOUNT, lambda text: Decimal(text if NUMBER.fullmatch(text) else 0))
        whole, scale = to_whole(numbers.tolist())
        finest = max(scale, *(file.scale for file in self.files))
        number = {file.name: k for k, file in enumerate(self.files)}
        own = {c: sheet.convert(c, self._code(c)).astype(np.int64) for c in keys}
        own |= {"line": sheet.line, "count": sheet.count, "file": np.array([number[name] for name in sheet.file], int)}
        own["whole"] = rescale(as_whole(whole), 10 ** (finest - scale))
        parts = [own, *(self._add_up_file(k, keys, finest) for k in range(len(self.files)))]
        found = {c: np.concatenate([part[c] for part in parts]) for c in own}
        order = np.lexsort((found["line"], found["file"]))
        found = {c: values[order] for c, values in found.items()}
        names = {c: pd.Index(list(self.names[c]), dtype=object) for c in keys}
        frame = pd.DataFrame({c: pd.Categorical.from_codes(found[c], categories=names[c]) for c in keys})
        file = found["file"]
        return replace(
            sheet,
            frame=frame.assign(**{AMOUNT: found["whole"]}),
            file=np.array([f.name for f in self.files], dtype=object)[file],
            unit=np.array([self._units.get(f.name, Decimal(1)) for f in self.files], dtype=object)[file],
            heads=np.full(len(file), "", dtype=object),
            line=found["line"],
            count=found["count"],
            scale=finest,
        )

    def _code(self, column: str) -> Callable[[str], int]:
        """The code of a text, a new one where it is new."""
        known = self.names.setdefault(column, {"": 0})
        return lambda text: known.setdefault(text, len(known))

    def _add_up_file(self, number: int, keys: Sequence[str], finest: int) -> dict[str, NDArray[Any]]:
        """Codes of each sum, its first line, how many lines it has, and the sum in whole ``10 ** -finest``."""
        file = self.files[number]
        chosen, source = ", ".join(f"{c}::BIGINT AS {c}" for c in keys), file.table
        if "date" in file.columns:
            month = self._code("month")
            pairs = [[code, month(day[:7])] for day, code in self.names["date"].items()]
            self._base.execute("CREATE OR REPLACE TEMP TABLE months (date INTEGER, month INTEGER)")
            self._base.execute(
                "INSERT INTO months SELECT unnest($1), unnest($2)", list(map(list, zip(*pairs, strict=True)))
            )
            source = f"{file.table} JOIN months USING (date)"
        sums = "min(line)::BIGINT AS line, count(*)::BIGINT AS count, replace(sum(amount)::VARCHAR, '.', '') AS whole"
        self._base.execute(f"CREATE TEMP TABLE sums AS SELECT {chosen}, {sums} FROM {source} GROUP BY ALL")
        self._base.execute(f"DROP TABLE {file.table}")
        found = self._base.execute("SELECT * REPLACE (TRY_CAST(whole AS BIGINT) AS whole) FROM sums").fetchnumpy()
        part: dict[str, NDArray[Any]] = {c: np.asarray(values) for c, values in found.items()}
        if isinstance(found["whole"], np.ma.MaskedArray):  # too large for it
            texts = self._base.execute("SELECT whole FROM sums").fetchnumpy()["whole"]
            part["whole"] = as_whole([int(text) for text in texts])
        self._base.execute("DROP TABLE sums")
        part["whole"] = rescale(part["whole"], 10 ** (finest - file.scale))
        return part | {"file": np.full(len(part["line"]), number)}
