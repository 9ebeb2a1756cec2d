"""What a header says beside its name: a month, a year, a total, the unit of its amounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from quotaopt.tables.schema import plain_header
from quotaopt.text import plain_month

LONG = "january february march april may june july august september october november december"
ENGLISH = {name[:n]: k for k, name in enumerate(LONG.split(), start=1) for n in (3, len(name))} | {"sept": 9}
CHINESE = {name: k for k, name in enumerate([*"一二三四五六七八九十", "十一", "十二"], start=1)}
CENTURY = 2000

YEAR_FIRST = re.compile(r"(\d{4}|\d{2}(?=年))[年 ._/-]*(\d{1,2}月份?|[一二三四五六七八九十]+月份?|m\d{1,2}|[a-z]+)")
YEAR_LAST = re.compile(r"(m?\d{1,2}(?=[ ._/-])|[a-z]{3,})[ .,'’_/-]*(\d{4}|\d{2})")
ALONE = re.compile(r"\d{1,2}月份?|[一二三四五六七八九十]+月份?|m\d{1,2}|[a-z]+")

NAMED = re.compile(r"\d{4}|[A-Za-z年月]")

YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")
YEAR_COLUMN = {"year", "fiscalyear", "年", "年份", "年度", "会计年度"}
YEAR_CELL = re.compile(r"((?:19|20)\d\d)(?:\.0)?年?度?")

TOTAL = re.compile(
    r"(\d{2,4}年?)?(q[1-4]|[1-4]q|h[12]|[一二三四1-4]季度?|第[一二三四1-4]季度?|[上下]半年|全年|年度|年)?"
    r"(合计|小计|总计|总和|合計|累计|汇总|total|totals|subtotal|sum|ytd|grandtotal|fullyear|yeartotal)?(\d{4})?"
)

UNIT = re.compile(r"(.*?)\s*(?:[(\[【]\s*(?:单位\s*[:：]?)?([^()\[\]【】]+)[)\]】]|[/_,:，\s]\s*单位\s*[:：]?\s*(\S+))")
TITLE_UNIT = re.compile(r"(?:单位|unit|amounts in|in)\s*[:：]?\s*([^\s,，;；()]+)", re.IGNORECASE)
CURRENCY = re.compile(r"人民币|rmb|cny|usd|eur|gbp|us(?=\$)|美元|欧元|euros?|dollars?|yuan|^in |[¥$€£\s']")
UNITS = {
    "元": 0, "千": 3, "千元": 3, "万": 4, "万元": 4, "十万元": 5, "百万": 6, "百万元": 6, "千万元": 7,
    "亿": 8, "亿元": 8,
    "k": 3, "tsd": 3, "thousand": 3, "thousands": 3, "000": 3, "000s": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "millions": 6, "bn": 9, "billion": 9,
}  # fmt: skip
"""Powers of ten."""


def header_month(text: str) -> tuple[int, int]:
    """Year and month a header stands for: the year 0 when it has none, the month 0 when it is no month.

    Known are 2026-01, 2026/1, 2026.1, 202601, 2026年1月, 26年1月, 1月, 一月, Jan-26, Jan 2026, 2026 January, M1,
    2026-M01, and days, which stand for their month.
    """
    text = re.sub(r"\s+(?=[年月])", "", unicodedata.normalize("NFKC", text).strip().casefold())
    if plain := plain_month(text):
        return int(plain[:4]), int(plain[5:])
    if found := YEAR_FIRST.fullmatch(text):
        return _pair(found[1], found[2])
    if found := YEAR_LAST.fullmatch(text):
        return _pair(found[2], found[1])
    return _pair("0", text) if ALONE.fullmatch(text) else (0, 0)


def cell_month(text: str) -> str:
    """``YYYY-MM`` of a cell, in any form a header may have that cannot be a day of a month (3/4 can); else empty."""
    if plain := plain_month(text):
        return plain
    year, month = header_month(text) if NAMED.search(text) else (0, 0)
    return f"{year:04}-{month:02}" if year and month else ""


def _pair(year: str, month: str) -> tuple[int, int]:
    name = re.sub(r"月份?$", "", month)
    number = ENGLISH.get(name) or CHINESE.get(name) or 0
    if not number and (digits := name.removeprefix("m")).isdigit():
        number = int(digits)
    known = 1 <= number <= 12
    return (int(year) + CENTURY * (len(year) == 2), number) if known else (0, 0)


def is_year_column(header: str, cells: Iterable[str]) -> bool:
    """Whether a column says of which year its rows are."""
    return plain_header(header) in YEAR_COLUMN and any(YEAR_CELL.fullmatch(cell) for cell in cells)


def is_total(header: str) -> bool:
    """Whether a header of a wide sheet names a total, such as 合计, Q1, 上半年 or Total 2026."""
    plain = plain_header(split_unit(header)[0])
    return bool(plain) and not plain.isdigit() and bool(TOTAL.fullmatch(plain))


def split_unit(header: str) -> tuple[str, Decimal | None]:
    """A header without the unit behind it, and money in one of its amounts: ``销售额(万元)`` is 销售额 in 10,000."""
    found = UNIT.fullmatch(unicodedata.normalize("NFKC", header).strip())
    unit = unit_of(found[2] or found[3]) if found else None
    return (found[1], unit) if found and unit is not None else (header, None)


def title_unit(text: str) -> Decimal | None:
    """The unit a title or a note above a table names: ``单位:万元``, ``2026年销售(万元)``, ``Amounts in k€``.

    A single letter is too little in a title: ``Team (M)`` is no million.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    found = UNIT.fullmatch(text)
    words = [found[2] or found[3], *TITLE_UNIT.findall(text)] if found else TITLE_UNIT.findall(text)
    said = (unit_of(word) for word in words if not re.fullmatch(r"[A-Za-z]", word.strip()))
    return next((unit for unit in said if unit is not None), None)


def unit_of(word: str) -> Decimal | None:
    """Money in one of a unit such as 万元, k€ or EUR; None when it is no unit of money."""
    plain = word.strip().casefold()
    bare = CURRENCY.sub("", plain)
    if not bare and plain:
        return Decimal(1)
    return Decimal(10) ** UNITS[bare] if bare in UNITS else None
