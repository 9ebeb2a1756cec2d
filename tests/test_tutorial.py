"""The tutorial is true: its files are written, its commands run, and they print what the page shows."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from quotaopt.cli import main

PAGE = Path(__file__).parents[1] / "docs/tutorial.md"
UPDATE = "QUOTAOPT_UPDATE_TUTORIAL"  # set it to write the outputs anew, and read the change
BLOCK = re.compile(r"(?:`(?P<path>[\w./]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
DATA = ("sales.csv", "roster.csv")


def masked(text: str) -> str:
    """Dates become DATE, seconds 0.0 s."""
    return re.sub(r" *\d+\.\d s$", " 0.0 s", re.sub(r"20\d\d-\d\d-\d\d(?=-)", "DATE", text), flags=re.MULTILINE)


def shell(folder: Path, script: str) -> str:
    """What a block of commands prints in a terminal, its errors among the rest; it must not fail."""
    printed = ""
    for line in script.splitlines():
        command, otherwise, rest = line.partition(" || ")
        if line.startswith("quotaopt "):
            output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
            with redirect_stdout(output), redirect_stderr(output):
                code = main(shlex.split(command)[1:])
            printed += output.buffer.getvalue().decode("utf-8")
            assert not code or otherwise, printed
            line = f"(exit {code}) || {rest}" if otherwise else "true"
        done = subprocess.run(["sh", "-ec", line], cwd=folder, capture_output=True, text=True, check=True)
        printed += done.stdout
    return printed


def follow(page: str, folder: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Do what the page says, in order; each block of output with what was printed."""
    printed = ""
    for block in BLOCK.finditer(page):
        if block["kind"] == "sh":
            printed = shell(folder, block["text"])
        elif block["kind"]:
            (folder / block["path"]).write_text(block["text"], encoding="utf-8")
        else:
            yield block, printed


@pytest.mark.skipif(os.name == "nt", reason="the page is written for a POSIX shell")
@pytest.mark.usefixtures("forecast_once")
def test_the_tutorial_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    folder = tmp_path / "team"
    (folder / "scenarios/data").mkdir(parents=True)
    for name in DATA:
        assert f"(tutorial/{name})" in page
        shutil.copy(PAGE.parent / "tutorial" / name, folder / "scenarios/data")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    made = page
    for block, printed in follow(page, folder):
        if UPDATE in os.environ:
            if masked(printed) != masked(block["text"]):
                made = made.replace(block[0], f"```\n{printed}```", 1)
        else:
            assert masked(printed) == masked(block["text"])
    if UPDATE in os.environ:
        PAGE.write_text(made, encoding="utf-8")
