"""Which table a sheet is, by its headers and its name; and which column a header we do not know is, by its cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from quotaopt.adopt.sheets import Found, whole
from quotaopt.tables.catalogue import TABLES
from quotaopt.tables.checks import drop_subtotals
from quotaopt.tables.headers import split_unit
from quotaopt.tables.schema import Field, Kind, plain_header
from quotaopt.tables.sheet import Sheet
from quotaopt.text import plain_day, plain_month, plain_number

NAMES = {
    "history": "history sales actual 历史 销售 业绩 完成 实际 明细 流水",
    "roster": "roster team people reps staff 花名册 人员 员工 团队 名单 销售员",
    "products": "product sku 产品 商品 品类",
    "locks": "lock fixed 锁定 固定",
    "plan": "plan quota target 计划 指标 目标 任务",
    "assignments": "assignment territor 分配 辖区 归属",
    "leave": "leave 请假 休假 假期",
    "headcounts": "headcount fte 在岗 编制",
    "supply": "supply 供应 供货 产能",
    "overrides": "override 调整 改派",
    "commits": "commit 承诺 自报",
    "overlays": "overlay 叠加",
    "splits": "split 分单 分成",
    "potential": "potential 潜力",
    "quotas": "quota 往年指标 历史指标",
    "rates": "rate fx 汇率",
    "nodes": "node 节点 组织目标",
    "levels": "level 层级",
    "calendar_changes": "calendar holiday 日历 调休 节假日",
}
"""Parts of names that people give to a sheet or a file of each table; other tables are known by their own name."""
OPEN = ("history", "roster", "products", "assignments")
"""Tables that headers alone give away; for others the name must say so too."""
NAMED = 4
"""What a fitting name counts, in headers."""
NEEDED = ("history", "roster")
CODE = re.compile(r"id$|code$|no$|编号|编码|代码|电话|手机|phone|zip|postcode|year|年")


def recognise(found: Sequence[Found]) -> None:
    """Say of every sheet what it is; those of which nothing is known are guessed from their cells, or left aside."""
    for one in found:
        one.table = _table_of(one)
    known = {one.table for one in found}
    for one in found:
        if not one.table:
            _guess(one, found, [name for name in NEEDED if name not in known])
    for theirs, ours in (("roster", "rep_id"), ("products", "product_id")):
        _link(found, theirs, ours)
        _keep_fullest(found, theirs, ours)


def _table_of(one: Found) -> str:
    """The table whose headers fit best; empty when none has all it needs."""
    scores = {}
    for name in sorted(TABLES, key=lambda name: (name not in OPEN, OPEN.index(name) if name in OPEN else 0)):
        called = _called(one, name)
        if not called and name not in OPEN:
            continue
        sheet = one.read(name, top=True)
        if whole(sheet) and len(sheet.headers) and not _repeats(one, name):
            months = 2 if (sheet.heads != "").any() else 0
            scores[name] = len(sheet.headers) + months + NAMED * called
    return max(scores, key=lambda name: scores[name]) if scores else ""


def _repeats(one: Found, name: str) -> str:
    """How a sheet's rows repeat what tells the rows of this table apart: sales hold every rep, and are no roster.

    Empty where they do not; single ones that appear twice are mistakes, to be told as such.
    """
    if name == "history":
        return ""
    sheet = one.read(name)
    drop_subtotals(sheet)
    key = [column for column in sheet.table.key if column in sheet.frame]
    again = int(sheet.frame.duplicated(key).sum()) if key else 0
    if 2 * again <= len(sheet.frame):
        return ""
    return f"like {name}, but {again:,} of {len(sheet.frame):,} rows repeat {' and '.join(key)}"


def _called(one: Found, table: str) -> bool:
    """Whether the name of the sheet, or of the file, is one of this table's."""
    words = NAMES.get(table, table.rstrip("s").replace("_", " ")).split()
    return any(word in one.label.casefold() for word in words)


def values(found: Iterable[Found], table: str, column: str) -> set[str]:
    """All values of a column, over all sheets of a table."""
    known: set[str] = set()
    for one in found:
        if one.table == table:
            sheet = one.read(table)
            drop_subtotals(sheet)
            frame = sheet.frame
            known |= set(frame[column]) - {""} if column in frame else set()
    return known


def _guess(one: Found, found: Sequence[Found], wanted: Sequence[str]) -> None:
    """Find the missing columns of a table that is wanted by their cells; a note says how, or what was missing."""
    known = {"rep_id": values(found, "roster", "rep_id") | values(found, "roster", "rep_name")}
    known["product_id"] = values(found, "products", "product_id") | values(found, "products", "product_name")
    tries = sorted(NEEDED, key=lambda name: not _called(one, name))
    for name in (name for name in tries if name in wanted):
        mapping, notes, sheet = dict[str, str](), list[str](), one.read(name, top=True)
        for field in _missing(sheet):
            header, how = _column_for(field, sheet, mapping, known)
            if header:
                mapping[header] = field.instead if field.instead and _all_days(sheet, header) else field.name
                notes.append(f"{header}: {how}")
        if mapping and whole(one.read(name, mapping, top=True)):
            one.table, one.mapping, one.notes = name, mapping, notes
            return
    if again := next(filter(None, (_repeats(one, name) for name in OPEN if whole(one.read(name, top=True)))), ""):
        one.notes = [again]
        return
    needs = {name: [f.name for f in _missing(one.read(name, top=True))] for name in tries}
    fewest = min(needs, key=lambda name: len(needs[name]))
    known_headers = len(TABLES[fewest].fields) and one.read(fewest, top=True).headers
    lacks = " and ".join(needs[fewest])
    one.notes = [f"like {fewest}, but no column for {lacks}" if known_headers and lacks else "no headers we know"]


def _missing(sheet: Sheet) -> list[Field]:
    """Columns a table needs that a sheet does not have."""
    wide = bool((sheet.heads != "").any())
    needed = [f for f in sheet.table.fields if f.required and f.name not in sheet.headers]
    needed = [f for f in needed if not f.instead or f.instead not in sheet.headers]
    return [f for f in needed if not (wide and f.name in ("month", sheet.table.money))]


def _column_for(field: Field, sheet: Sheet, taken: Collection[str], known: dict[str, set[str]]) -> tuple[str, str]:
    """The header of the one column that can be this field by its cells, and how it was told; empty when unclear."""
    used = {*sheet.headers, *taken, *(f.name for f in sheet.table.fields if f.name in sheet.headers)}
    free = {str(n): [c for c in sheet.frame[n] if c] for n in sheet.frame if n not in used and str(n) not in taken}
    free = {name: cells for name, cells in free.items() if cells}
    if field.kind in (Kind.MONTH, Kind.DAY):
        fits = [n for n, cells in free.items() if all(plain_day(c) or plain_month(c) for c in cells)]
        return _only(fits, field, "its cells are months or days")
    numeric = [n for n, cells in free.items() if all(plain_number(c) for c in cells)]
    if field.kind.numeric:
        amounts = [n for n in numeric if not CODE.search(plain_header(n))]
        return _only(amounts, field, "its cells are amounts")
    if ids := known.get(field.name):
        fits = [n for n, cells in free.items() if sum(c in ids for c in cells) * 2 > len(cells)]
        if fits:
            return _only(
                fits, field, f"its cells are those of the table of {'reps' if field.name == 'rep_id' else 'products'}"
            )
    texts = [n for n in free if n not in numeric and len(set(free[n])) <= max(len(free[n]) // 2, 1)]
    return _only(texts, field, "the only column of texts that repeat")


def _all_days(sheet: Sheet, header: str) -> bool:
    return all(plain_day(cell) for cell in sheet.frame[header] if cell)


def _only(fits: Sequence[str], field: Field, how: str) -> tuple[str, str]:
    """The only one that fits, or the one whose header holds a name of the column."""
    if len(fits) == 1:
        return fits[0], how
    plain = {name: plain_header(split_unit(name)[0]) for name in fits}
    named = [name for name in fits if any(alias in plain[name] for alias in field.headers)]
    return (named[0], f"{how}, and its name is like {field.name}") if len(named) == 1 else ("", "")


def _link(found: Sequence[Found], table: str, column: str) -> None:
    """Where the history names reps (or products) otherwise than their own table does, take the column it names."""
    sold = values(found, "history", column)
    for one in found:
        if one.table != table or not sold:
            continue
        sheet = one.read(table)
        own = set(sheet.frame[column]) if column in sheet.frame else set()
        if len(own & sold) * 2 >= min(len(own), len(sold)):
            continue
        others = [str(name) for name in sheet.frame if len(set(sheet.frame[name]) & sold) * 2 >= len(sold)]
        if others and others[0] != column:
            header = sheet.headers.get(others[0], others[0])
            one.mapping[header] = column
            one.notes.append(f"{header}: the history names them so")


def _keep_fullest(found: Sequence[Found], table: str, column: str) -> None:
    """Of sheets that share half of their reps (or products), the one that says most of them; others are left aside."""
    sheets = [(one, one.read(table)) for one in found if one.table == table]
    kept: list[tuple[Found, set[str]]] = []
    for one, sheet in sorted(sheets, key=lambda pair: -len(pair[1].headers)):
        own = set(sheet.frame[column]) - {""} if column in sheet.frame else set()
        twin = next((other.place for other, ids in kept if own and 2 * len(own & ids) >= len(own)), "")
        if twin:
            one.table, one.mapping, one.notes = "", {}, [f"like {table}, but {twin} says more of the same"]
        else:
            kept.append((one, own))
