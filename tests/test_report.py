"""Text for every kind of page: wide glyphs, narrow encodings, narrow terminals, and progress on a terminal only."""

from __future__ import annotations

import io
import sys

import pandas as pd
import pytest

from quotaopt.report.progress import progress
from quotaopt.report.render import Page, grid, labelled, money, percent, ratio, records, safe, to_json
from quotaopt.report.runs import age
from quotaopt.report.terminal import bar


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,234,567"), (999.5, "999.50"), (0.0, "0"), (-1234.0, "-1,234"), (NAN, "")],
)
def test_money(value: float, text: str) -> None:
    assert money(value) == text


def test_ratios_and_changes() -> None:
    assert (ratio(0.946), ratio(NAN)) == ("0.95", "")
    assert (percent(0.12), percent(-0.005), percent(0.12, sign=False), percent(NAN)) == (
        "+12.0 %",
        "-0.5 %",
        "12.0 %",
        "",
    )


@pytest.mark.parametrize(("stretch", "length"), [(1.0, 10), (0.04, 0), (9.0, 20), (NAN, 0)])
def test_bars(stretch: float, length: int) -> None:
    assert bar(stretch) == "█" * length


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "now"), (60, "1 min"), (7200, "2 h"), (86400, "1 d"), (864000, "10 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_wide_glyphs_are_aligned() -> None:
    text = Page().render([grid(["rep", "quota"], [("张伟", "1"), ("Bob", "22")])])
    assert text == "rep   quota\n张伟      1\nBob      22"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "→ … 张"), ("gb18030", "→ … 张"), ("latin-1", "-> ... ?"), ("ascii", "-> ... ?")],
)
def test_glyphs_an_encoding_cannot_take_become_plain(encoding: str, text: str) -> None:
    assert safe("→ … 张", encoding) == text


def test_numbers_are_never_cut() -> None:
    """On a narrow terminal the widest text gives way; what still does not fit runs over."""
    rows = [("A very long name of a rep", "somewhere", "1,234,567")]
    narrow = Page(width=40, endless=False).render([grid(["rep", "region", "quota"], rows, right=(2,))])
    assert narrow.splitlines()[1] == "A very long name …  somewhere  1,234,567"
    tiny = Page(width=20, endless=False).render([grid(["rep", "region", "quota"], rows, right=(2,))])
    assert tiny.splitlines()[1] == "A very long…  somewhere  1,234,567"
    numbers = Page(width=5, endless=False).render([grid(["a", "b"], [("1", "1,234,567")], right=(0, 1))])
    assert numbers.splitlines()[1] == "1  1,234,567"


def test_a_pipe_gets_the_width_it_needs() -> None:
    long = "x" * 150
    assert Page(width=100).render([grid(["rep", "quota"], [(long, "1")])]).splitlines()[1] == f"{long}      1"


def test_long_lines_go_on_under_their_beginning() -> None:
    text = Page(width=20).render([labelled([("Note ", "", "one two three four five")])])
    assert text == "Note  one two three\n      four five"


def test_a_page_knows_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Page.of(Terminal()).colour
    assert not Page.of(Terminal(), no_color=True).colour
    assert Page.of(io.StringIO()) == Page(100, colour=False, encoding="ascii", endless=True)
    monkeypatch.setenv("COLUMNS", "60")
    assert Page.of(Terminal()).width == 60


def test_json_has_null_for_what_is_not_known() -> None:
    rows = records(pd.DataFrame({"a": [1.5, NAN], "b": ["x", ""]}))
    assert rows == [{"a": 1.5, "b": "x"}, {"a": None, "b": ""}]
    assert to_json("x", rows=rows).startswith('{\n  "schema": "quotaopt/x/1"')


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, quiet, verbose, shown in (
        (Terminal(), False, False, True),
        (Terminal(), True, False, False),
        (io.StringIO(), False, False, False),
        (io.StringIO(), False, True, True),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        with progress(quiet, verbose) as say:
            say("forecast")
        assert ("forecast" in stream.getvalue()) == shown
