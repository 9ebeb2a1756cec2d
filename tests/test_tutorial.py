"""The tutorial is true: its files are written, its commands run, and they print what the page shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import quotaopt

PAGE = Path(__file__).parents[1] / "docs/tutorial.md"
UPDATE = "QUOTAOPT_UPDATE_TUTORIAL"  # set it to write the outputs anew, and read the change
BLOCK = re.compile(r"(?:`(?P<path>[\w./]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
DATA = ("sales.csv", "roster.csv")


def masked(text: str) -> str:
    """Dates become DATE, seconds 0.0 s."""
    return re.sub(r" *\d+\.\d s$", " 0.0 s", re.sub(r"20\d\d-\d\d-\d\d(?=-)", "DATE", text), flags=re.MULTILINE)


def shell(folder: Path, script: str) -> str:
    """What a block of commands prints in a terminal, its errors among the rest; it must not fail."""
    source = str(Path(quotaopt.__file__).parents[1])
    path = os.pathsep.join([str(folder.parent / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": source, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command, both = ["sh", "-ec", script], subprocess.STDOUT
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=both, check=False)
    output = done.stdout.decode("utf-8")
    assert done.returncode == 0, output
    return output


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
def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    folder, command = tmp_path / "team", tmp_path / "bin/quotaopt"
    (folder / "scenarios/data").mkdir(parents=True)
    for name in DATA:
        assert f"(tutorial/{name})" in page
        shutil.copy(PAGE.parent / "tutorial" / name, folder / "scenarios/data")
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m quotaopt "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    made = page
    for block, printed in follow(page, folder):
        if UPDATE in os.environ:
            if masked(printed) != masked(block["text"]):
                made = made.replace(block[0], f"```\n{printed}```", 1)
        else:
            assert masked(printed) == masked(block["text"])
    if UPDATE in os.environ:
        PAGE.write_text(made, encoding="utf-8")
