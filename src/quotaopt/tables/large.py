"""Large history: DuckDB adds it up by rep, product and month while it stays on disk.

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

from quotaopt.tables.checks import report_repeats
from quotaopt.tables.exact import as_whole, rescale, to_whole
from quotaopt.tables.grid import Grid, Source
from quotaopt.tables.plain import AMOUNT, ORDER, cells_of, is_even, judge, load, read_odd
from quotaopt.tables.schema import Table
from quotaopt.tables.sheet import LISTED, Sheet
from quotaopt.tables.spool import Spooled, UnfitError, spool
from quotaopt.tables.where import Conditions, LeftOut, count_left, leave_out, place_of
from quotaopt.text import NUMBER

MEMORY = "400MB"
"""What DuckDB may use; beyond it spills to disk."""
MOST_ODD = 200_000
"""Lines of a file that may need a closer look; with more all of it is read cell by cell."""
MOST_NAMES = 2_000_000
"""Different texts of a column, order numbers aside."""
PLACE = 40
"""Bits of a line's number; the file's stands before them."""
NEAR = 2.0**50
"""Floats that are whole numbers but for the rounding of a quotient are told apart up to here."""
NOTHING = "\x1f"
"""No cell of a file that comes here holds it."""
Head = Callable[[Grid], tuple[Grid, Mapping[str, int]]]


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
    where, left : which lines are wanted, and what was left out.
    names : column → different texts as they count, and the code of each; "" is 0.
    files : what was loaded.
    """

    table: Table
    where: Conditions = field(default_factory=dict)
    left: LeftOut = field(default_factory=LeftOut)
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    files: list[Loaded] = field(default_factory=list)

    def __enter__(self) -> Self:
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="quotaopt-", ignore_cleanup_errors=True)
        self._base, self._number, self._single = duckdb.connect(), 0, False
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
        if not head.rows or AMOUNT not in columns or "metric" in columns:
            raise UnfitError("its headers need a closer look")
        if self.files and set(columns) != set(self.files[0].columns):
            raise UnfitError("its files have different columns")
        loaded = Loaded(f"sales{self._number}", source.name, 0, tuple(columns))
        coded = [c for c in columns if c not in (ORDER, AMOUNT)]
        places = {column: place_of(column, head.rows[0], columns) for column in self.where}
        asked = {f"asked{k}": place for k, place in enumerate(places.values()) if place is not None}
        if len(asked) < len(self.where):
            raise UnfitError("a column of data.where is missing")
        try:
            every = cells_of(copy, head, columns | asked, even=is_even(copy, head))
            cells, gone = leave_out(self._base, every, self.where, self.left)
            clean = self._learn(loaded, cells, coded)
        except self._failure:
            every = cells_of(copy, head, columns | asked)
            cells, gone = leave_out(self._base, every, self.where, self.left)
            clean = self._learn(loaded, cells, coded)
        sizes = {column: len(self.names[column]) for column in coded}
        query = load(loaded.table, cells, sizes, ORDER in columns, loaded.scale, clean)
        self._base.execute(f"CREATE TABLE {loaded.table} AS {query}")
        lines, rows, read = self._odd(source, copy, loaded)
        if self.where:
            count_left(self._base, every, gone, read, self.left, source.name)
            if not rows:
                raise UnfitError("data.where keeps none of its lines")
        copy.forget(source)
        self.files.append(loaded)
        return replace(head, lines=[head.lines[0], *lines], rows=[head.rows[0], *rows])

    def _learn(self, loaded: Loaded, cells: str, coded: Sequence[str]) -> bool:
        """Look at the texts of each column and the decimal places of the amounts; whether all of these are plain."""
        different = "".join(f", list(DISTINCT {c}) FILTER (good)" for c in coded)
        places = "max(strlen(rtrim(amount)) - instr(amount, '.')) FILTER (good AND plain AND contains(amount, '.'))"
        sql = f"SELECT {places}, count(*) = count(*) FILTER (good AND plain){different} FROM ({cells})"
        scale, clean, *lists = self._base.execute(sql).fetchall()[0]
        loaded.scale = scale or 0
        for column, texts in zip(coded, lists, strict=True):
            if len(texts or ()) > MOST_NAMES:
                raise UnfitError(f"too many different texts in {column}")
            self._know(column, f"{loaded.table}_{column}", sorted(texts or ()))
        return bool(clean)

    def _know(self, column: str, name: str, texts: list[str]) -> None:
        """Give each plain text of a column a code, as the type and the variable of this name (see `plain.load`)."""
        known = self.names.setdefault(column, {"": 0})
        raw, plain = judge(self.table, column, texts)
        code_of = {text: known.setdefault(value, len(known)) for text, value in zip(raw, plain, strict=True)}
        first = {code: text for text, code in reversed(code_of.items())}
        places = [first.get(code, value or NOTHING) for value, code in known.items()]
        again = {text: code for text, code in code_of.items() if first[code] != text}
        self._base.execute(
            "CREATE OR REPLACE TEMP TABLE texts AS SELECT unnest($1::VARCHAR[]) AS raw", [[*places, *again]]
        )
        self._base.execute(f"CREATE TYPE {name} AS ENUM (SELECT raw FROM texts)")
        self._base.execute(f"SET VARIABLE {name} = $1::INTEGER[]", [[*again.values()]])

    def _odd(self, source: Source, copy: Spooled, loaded: Loaded) -> tuple[list[int], list[list[str]], list[int]]:
        """Take the lines that are not plain out of the table, and read them, as `plain.read_odd` does.

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
        return lines, rows, read

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
            f"SELECT {k}::BIGINT << {PLACE} | line AS place, {chosen} FROM {f.table}" for k, f in enumerate(self.files)
        ]
        every = " UNION ALL ".join([*tables, f"SELECT place, {chosen} FROM others"])
        if not self._base.execute(f"SELECT 1 FROM ({every}) GROUP BY {chosen} HAVING count(*) > 1 LIMIT 1").fetchall():
            self._single = "date" not in columns and ORDER not in columns
            return 0
        again = f"SELECT {chosen}, min(place) AS original, count(*) AS n FROM ({every}) GROUP BY ALL HAVING n > 1"
        self._base.execute(f"CREATE TEMP TABLE repeats AS {again}")
        total = int(self._base.execute("SELECT sum(n - 1)::BIGINT FROM repeats").fetchall()[0][0])
        if remedy:
            sql = f"SELECT place, original FROM ({every}) JOIN repeats USING ({chosen})"
            sql += f" WHERE place > original ORDER BY place LIMIT {LISTED + 1}"
            found = self._base.execute(sql).fetchall()
            places = [[(self.files[at >> PLACE].name, at & (1 << PLACE) - 1) for at in pair] for pair in found]
            report_repeats(sheet, columns, places, total, remedy)
        return total

    def _insert_rows(self, sheet: Sheet, keys: Sequence[str]) -> None:
        """The keys of the sheet's rows that are filled, as codes, into a table of their own."""
        filled = np.all([sheet.frame[c].to_numpy() != "" for c in keys if sheet.needs(c)], axis=0)
        number = {file.name: k << PLACE for k, file in enumerate(self.files)}
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
        own: dict[str, NDArray[Any]] = {c: sheet.convert(c, self._code(c)).astype(np.int32) for c in keys}
        own |= {"line": sheet.line, "count": sheet.count}
        own["whole"] = rescale(as_whole(whole), 10 ** (finest - scale))
        parts = [own, *(self._add_up_file(k, keys, finest) for k in range(len(self.files)))]
        found = {c: np.concatenate([part[c] for part in parts]) for c in own}
        sizes = [len(part["line"]) for part in parts[1:]]
        file = np.concatenate([[number[name] for name in sheet.file], np.repeat(np.arange(len(sizes)), sizes)]).astype(
            int
        )
        place = file << PLACE | found["line"]
        if (place[1:] < place[:-1]).any():
            order = np.argsort(place, kind="stable")
            file, found = file[order], {c: values[order] for c, values in found.items()}
        names = {c: pd.Index(list(self.names[c]), dtype=object) for c in keys}
        frame = pd.DataFrame({c: pd.Categorical.from_codes(found[c], categories=names[c]) for c in keys})
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
        chosen, source = ", ".join(keys), file.table
        if "date" in file.columns:
            month = self._code("month")
            pairs = [[code, month(day[:7])] for day, code in self.names["date"].items()]
            self._base.execute("CREATE OR REPLACE TEMP TABLE months (date INTEGER, month INTEGER)")
            self._base.execute(
                "INSERT INTO months SELECT unnest($1), unnest($2)", list(map(list, zip(*pairs, strict=True)))
            )
            source = f"{file.table} JOIN months USING (date)"
        columns = f"{chosen}, line::BIGINT AS line, 1::BIGINT AS count, amount"
        if not self._single:
            sums = "min(line)::BIGINT AS line, count(*)::BIGINT AS count, sum(amount) AS amount"
            self._base.execute(f"CREATE TEMP TABLE sums AS SELECT {chosen}, {sums} FROM {source} GROUP BY ALL")
            self._base.execute(f"DROP TABLE {file.table}")
            columns, source = "*", "sums"
        part = {k: np.asarray(v) for k, v in self._base.execute(f"SELECT {columns} FROM {source}").fetchnumpy().items()}
        whole = np.rint(part.pop("amount") * 10.0**file.scale)
        if (np.abs(whole) < NEAR).all():
            part["whole"] = whole.astype(np.int64)
        else:
            texts = self._base.execute(f"SELECT replace(amount::VARCHAR, '.', '') AS whole FROM {source}").fetchnumpy()
            part["whole"] = as_whole([int(text) for text in texts["whole"]])
        self._base.execute("DROP TABLE IF EXISTS sums")
        part["whole"] = rescale(part["whole"], 10 ** (finest - file.scale))
        return part
