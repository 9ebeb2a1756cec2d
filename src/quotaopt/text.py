"""What people type, made plain: bytes to text, amounts to numbers, months and days to ISO.

Functions named ``plain_`` answer with an empty text when they cannot tell, so that the caller can name the place.
"""

from __future__ import annotations

import calendar
import codecs
import re
import unicodedata
from decimal import Decimal

MONTH = re.compile(r"(\d{4})(?:[-/.](\d{1,2})|年(\d{1,2})月|(\d{2}))")
DAY = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}.*)?"  # a time of day, as many exports write it
)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
ACCOUNT = "account "
"""Before the id of an account that stands as a territory, because assignments name it."""
MULTIPLES = {"万": 10_000, "亿": 100_000_000}


def encoding_of(raw: bytes) -> str:
    """The encoding of a text file: its byte order mark, else UTF-8 if that fits, else GB18030 (which holds GBK)."""
    if mark := encoding_of_mark(raw):
        return mark
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def encoding_of_mark(raw: bytes) -> str:
    """The encoding a byte order mark shows; empty without one."""
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ""


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def plain_number(text: str, money: Decimal | None = None) -> str:
    """The number somebody meant, written plainly (``'¥1,234.50'`` is ``'1234.50'``); empty when unclear.

    Numbers such as 1.2万 are written in a unit that is worth so much `money`.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    sign = "-" if text.startswith(("-", "(", "−")) else ""
    bare = re.sub(r"[\s'_¥$€£元()+−-]|CNY|RMB|USD|EUR|GBP", "", text)
    unit = MULTIPLES.get(bare[-1:], 1)
    bare = bare[:-1] if unit > 1 else bare
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", bare):
        bare = bare.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+|\d+,\d{1,2}", bare):
        bare = bare.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d+)?", bare):
        return ""
    return sign + (bare if unit == 1 else f"{(Decimal(bare) * unit / (money or 1)).normalize():f}")


def plain_month(text: str) -> str:
    """``YYYY-MM`` of a month or day in any of the accepted forms (2026-01, 2026/1, 2026年1月, 202601); else empty."""
    found = MONTH.fullmatch(text)
    if not found:
        return plain_day(text)[:7]
    year, month = int(found[1]), int(found[2] or found[3] or found[4])
    return f"{year:04}-{month:02}" if 1 <= month <= 12 and 1900 <= year <= 2200 else ""


def plain_day(text: str) -> str:
    """``YYYY-MM-DD`` of a day in any of the accepted forms (a time behind it is dropped); else empty."""
    found = DAY.fullmatch(text)
    if not found:
        return ""
    year, month, day = int(found[1]), int(found[3] or found[5] or found[7]), int(found[4] or found[6] or found[8])
    if not (1 <= month <= 12 and 1900 <= year <= 2200 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return ""
    return f"{year:04}-{month:02}-{day:02}"
