"""Empty workbooks for colleagues to fill in: one for each table of the catalogue, its headings in a language.

Everything is made from the catalogue, so that a filled template reads back without a word of mapping.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from quotaopt.tables.catalogue import TABLES
from quotaopt.tables.schema import Field, Kind, Table

Language = Literal["en", "zh"]
ROWS = 2000
"""Rows below the headings that check what is typed."""
LONGEST = 255
"""Letters that a spreadsheet takes as a list of choices."""
CREATED = datetime(2026, 1, 1)
SHEETS = {"history": "销售历史", "roster": "花名册", "products": "产品", "locks": "锁定", "plan": "指标计划",
          "assignments": "辖区分配", "leave": "请假", "calendar_changes": "日历调整",
          "headcounts": "在岗比例", "supply": "供应上限"}  # fmt: skip
KINDS = {
    Kind.TEXT: ("text", "文字"),
    Kind.MONTH: ("month, like 2027-01", "月份，如 2027-01"),
    Kind.DAY: ("day, like 2027-01-15", "日期，如 2027-01-15"),
    Kind.NUMBER: ("number", "数字"),
    Kind.MONEY: ("amount, without thousands separators", "金额，不用千位分隔符"),
    Kind.FLAG: ("yes or no", "是或否"),
}
EXAMPLES = {"rep_id": "R017", "rep_name": "Ana Diaz", "region": "North", "product_id": "core", "amount": "1250.50",
            "headcount": "0.5", "share": "0.5", "value": "12000", "quota": "12000", "order_id": "A-4711"}  # fmt: skip
KIND_EXAMPLES = {Kind.MONTH: "2027-01", Kind.DAY: "2027-01-15", Kind.FLAG: "yes"}
WORDS = {
    "required": "必填",
    "optional": "选填",
    "or {}": "或 {}",
    "example": "示例",
    "column": "列",
    "what": "内容",
    "Read me": "说明",
    "Not a day": "不是日期",
    "Not a number": "数字无效",
    "Not one of the list": "不在列表中",
    "Write a day like 2027-01-15.": "请填写日期，如 2027-01-15。",
    "Write a number between {} and {}.": "请填写 {} 到 {} 之间的数字。",
    "Write a number.": "请填写数字。",
    "Choose one, or keep your own if it is new.": "请选择；如为新名称可保留。",
    "One row for each {}.": "每个 {} 一行。",
    "Bold columns are required; notes on the headings say what they hold.": "粗体列必填，标题批注说明内容。",
}  # fmt: skip


def heading(field: Field, language: Language) -> str:
    """A column's heading: its name, or the first Chinese one it is known by."""
    chinese = (alias for alias in field.headers if re.search(r"[\u4e00-\u9fff]", alias))
    return next(chinese, field.name) if language == "zh" else field.name


def sheet_name(table: str, language: Language) -> str:
    """What the sheet of a table is called."""
    return SHEETS.get(table, table) if language == "zh" else table


def write_templates(
    folder: Path, language: Language = "en", choices: Mapping[str, Collection[str]] | None = None
) -> list[Path]:
    """Write a workbook for each table of the catalogue.

    Parameters
    ----------
    choices : for a column of the roster, like ``region``, the names to choose from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{name}.xlsx", table, language, choices or {}) for name, table in TABLES.items()]


def _write(path: Path, table: Table, language: Language, choices: Mapping[str, Collection[str]]) -> Path:
    from xlsxwriter import Workbook

    with Workbook(str(path), {"strings_to_numbers": False, "strings_to_formulas": False}) as book:
        book.set_properties({"created": CREATED, "author": "quotaopt"})
        sheet = book.add_worksheet(sheet_name(table.name, language))
        for place, field in enumerate(table.fields):
            name = heading(field, language)
            look = {"bg_color": "#DCE6F1", "bottom": 1, "bold": field.required, "num_format": "@"}
            formats = {Kind.TEXT: "@", Kind.MONTH: "@", Kind.DAY: "yyyy-mm-dd"}
            cells = book.add_format({"num_format": formats.get(field.kind, "General")})
            sheet.set_column(place, place, max(2 * len(name), 12), cells)
            sheet.write_string(0, place, name, book.add_format(look))
            sheet.write_comment(0, place, _note(field, table, language), {"author": "quotaopt", "x_scale": 1.6})
            if rule := _validation(field, language, choices.get(field.name, ()) if table.name == "roster" else ()):
                sheet.data_validation(1, place, ROWS, place, rule)
        sheet.freeze_panes(1, 0)
        _write_read_me(book, table, language)
    return path


def _say(text: str, language: Language, *values: str) -> str:
    return (WORDS[text] if language == "zh" else text).format(*values)


def _need(field: Field, table: Table, language: Language) -> str:
    """Whether a column must be there; of two, either."""
    stands_for = next((other for other in table.fields if other.instead == field.name), None)
    other = table.field(field.instead) if field.instead else stands_for
    word = _say("required" if field.required or stands_for else "optional", language)
    return f"{word}, {_say('or {}', language, heading(other, language))}" if other else word


def _example(field: Field) -> str:
    return EXAMPLES.get(field.name, KIND_EXAMPLES.get(field.kind, ""))


def _note(field: Field, table: Table, language: Language) -> str:
    """What a column holds, whether it must, and an example."""
    lines = [_need(field, table, language), KINDS[field.kind][language == "zh"]]
    lines += [field.limits] if field.limits and language == "en" else []
    lines += [f"{_say('example', language)}: {_example(field)}"] if _example(field) else []
    return "\n".join(lines)


def _validation(field: Field, language: Language, names: Collection[str]) -> dict[str, Any]:
    """What a spreadsheet checks while somebody types; nothing for texts without a list."""
    numbers = [f"{field.low:g}", f"{field.high:g}"]
    bounded = field.kind is not Kind.MONEY and field.high - field.low < ROWS
    wrong = {
        Kind.DAY: ("Not a day", _say("Write a day like 2027-01-15.", language)),
        Kind.NUMBER: ("Not a number", _say("Write a number between {} and {}.", language, *numbers)),
        Kind.MONEY: ("Not a number", _say("Write a number.", language)),
        Kind.FLAG: ("Not one of the list", KINDS[Kind.FLAG][language == "zh"]),
        Kind.TEXT: ("Not one of the list", _say("Choose one, or keep your own if it is new.", language)),
    }
    if field.kind not in wrong or (field.kind is Kind.TEXT and not names):
        return {}
    title, message = wrong[field.kind]
    if field.kind is Kind.NUMBER and not bounded:
        message = _say("Write a number.", language)
    said = {"error_title": _say(title, language), "error_message": message}
    if field.kind is Kind.DAY:
        return {
            "validate": "date",
            "criteria": "between",
            "minimum": date(1950, 1, 1),
            "maximum": date(2200, 1, 1),
        } | said
    if field.kind.numeric:
        return {"validate": "decimal", "criteria": "between", "minimum": field.low, "maximum": field.high} | said
    listed = [name for name in sorted(names) if "," not in name] or ["yes", "no"]
    if field.kind is Kind.FLAG and language == "zh":
        listed = ["是", "否"]
    while len(",".join(listed)) > LONGEST:
        listed.pop()
    return {"validate": "list", "source": listed, "error_type": "warning"} | said


def _write_read_me(book: Any, table: Table, language: Language) -> None:
    """A sheet with one line for each column."""
    sheet = book.add_worksheet(_say("Read me", language))
    bold = book.add_format({"bold": True})
    about = [_say("Bold columns are required; notes on the headings say what they hold.", language)]
    if len(table.key) == 1:
        about.insert(0, _say("One row for each {}.", language, heading(table.field(table.key[0]), language)))
    sheet.write_string(0, 0, " ".join(about))
    rows = [("column", "what", "example")]
    rows += [(heading(f, language), KINDS[f.kind][language == "zh"], _example(f)) for f in table.fields]
    for row, texts in enumerate(rows, start=2):
        for place, text in enumerate(texts):
            first = row == 2
            required = not first and table.fields[row - 3].required and not place
            sheet.write_string(row, place, _say(text, language) if first else text, bold if first or required else None)
    sheet.set_column(0, 2, 36)
