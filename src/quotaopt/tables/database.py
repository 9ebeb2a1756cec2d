"""Tables of databases and Parquet files. Rows are counted from 1; a database is only read, never written.

``sqlite:///crm.db?table=orders`` or ``…?query=SELECT …`` needs nothing else; other databases are read through
SQLAlchemy (extra ``sql``), and environment variables in their address (``$CRM_PASSWORD``) are filled in.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from quotaopt.errors import nearest
from quotaopt.places import split_address
from quotaopt.tables.grid import Grid, Source, cell_text


def read_sqlite(source: Source) -> Grid:
    """A table, or what a query gives, of an SQLite file."""
    file, query = split_address(str(source.place))
    table, sql, others = _wanted(source, query.removeprefix("?"))
    if others:
        raise source.refuse(f"unknown {', '.join(others)} in the address", "Write ?table=… or ?query=….")
    if not Path(file).is_file():
        raise source.refuse("no such file", "Paths are relative to the file that writes them.")
    source.digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    source.name = f"{source.name.partition('?')[0].removeprefix('sqlite:///')}[{table or 'query'}]"
    try:
        with closing(sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True)) as base:
            if table:
                known = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")]
                _check_table(source, table, known)
                sql = f'SELECT * FROM "{table.replace(chr(34), chr(34) * 2)}"'  # noqa: S608 - one of `known`
            found = base.execute(sql)
            return _grid(source, [column[0] for column in found.description or ()], found)
    except sqlite3.Error as failure:
        raise source.refuse(f"cannot be read: {failure}") from None


def read_address(source: Source) -> Grid:
    """A table, or what a query gives, of any database SQLAlchemy knows."""
    try:
        import sqlalchemy
    except ImportError:
        raise source.refuse("other databases than SQLite need SQLAlchemy", 'pip install "quotaopt[sql]".') from None
    address, _, query = os.path.expandvars(str(source.place)).partition("?")
    table, sql, others = _wanted(source, query)
    source.name = f"{source.name.partition('?')[0]}[{table or 'query'}]"
    try:
        engine = sqlalchemy.create_engine(f"{address}?{urlencode(others)}" if others else address)
        with _disposed(engine), closing(engine.connect()) as base:
            if table:
                known = sqlalchemy.inspect(base)
                _check_table(source, table, [*known.get_table_names(), *known.get_view_names()])
                sql = f"SELECT * FROM {engine.dialect.identifier_preparer.quote(table)}"  # noqa: S608 - as above
            found = base.execute(sqlalchemy.text(sql))
            grid = _grid(source, list(found.keys()), found)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as failure:  # a driver that is not installed
        raise source.refuse(f"cannot be read: {str(failure).splitlines()[0]}") from None
    grid.digest = hashlib.sha256(repr(grid.rows).encode()).hexdigest()
    return grid


@contextmanager
def _disposed(engine: Any) -> Iterator[None]:
    """Close what an engine keeps open, whatever happens."""
    try:
        yield
    finally:
        engine.dispose()


def read_parquet(source: Source) -> Grid:
    """All rows of a Parquet file."""
    try:
        import duckdb
    except ImportError:
        raise source.refuse("Parquet files need DuckDB", 'pip install "quotaopt[parquet]".') from None
    try:
        with duckdb.connect() as base:
            found = base.execute("SELECT * FROM read_parquet(?)", [str(source.place)])
            return _grid(source, [column[0] for column in found.description or ()], found.fetchall())
    except duckdb.Error as failure:
        raise source.refuse(f"not a Parquet file that can be read: {str(failure).splitlines()[0]}") from None


def _wanted(source: Source, query: str) -> tuple[str, str, dict[str, str]]:
    """Table or query of an address, and what else it says."""
    said = dict(parse_qsl(query))
    table, sql = said.pop("table", ""), said.pop("query", "")
    if bool(table) == bool(sql):
        raise source.refuse("the address must name a table or a query", "Write ?table=NAME behind the database.")
    return table, sql, said


def _check_table(source: Source, table: str, known: Sequence[str]) -> None:
    if table not in known:
        near = nearest(table, known)
        remedy = f"Did you mean {near!r}?" if near else f"Tables: {', '.join(known) or 'none'}."
        raise source.refuse(f"has no table {table!r}", remedy)


def _grid(source: Source, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Grid:
    """Rows as a grid; row 0 holds the names of the columns. Every row is kept: none is blank by accident."""
    body = [[cell_text(value) for value in row] for row in rows]
    return Grid(source.name, [*range(len(body) + 1)], [[name.strip() for name in header], *body], source.digest)
