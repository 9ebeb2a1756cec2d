"""Broken inputs through the whole program: each gets its exact message and exit code, never a traceback.

Each folder of ``tests/broken`` holds the files in which a case differs from ``tests/broken/base``, and
``expected.txt``: the command, what it prints on stdout, and its exit code. Of ``quotaopt run``, whose output also
tells seconds and dates, only the sentences written there must be found, however they are wrapped.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from quotaopt.cli import main

BROKEN = Path(__file__).parent / "broken"
CASES = sorted(path.parent.name for path in BROKEN.glob("*/expected.txt"))


def run_case(name: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the case's command inside a copy of its project; the lines it printed and its exit code."""
    shutil.copytree(BROKEN / "base", folder, dirs_exist_ok=True)
    shutil.copytree(BROKEN / name, folder, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    _, program, *arguments = shlex.split((folder / "expected.txt").read_text(encoding="utf-8").split("\n")[0])
    assert program == "quotaopt"
    code = main(arguments)
    return [*capsys.readouterr().out.splitlines(), f"exit {code}"]


@pytest.mark.parametrize("name", CASES)
def test_each_broken_input_gets_its_message(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = (BROKEN / name / "expected.txt").read_text(encoding="utf-8").splitlines()
    printed = run_case(name, tmp_path, capsys, monkeypatch)
    if " run " in expected[0]:
        text = " ".join(" ".join(printed).split())
        assert [sentence for sentence in expected[1:] if sentence not in text] == [], text
    else:
        assert printed == expected[1:]


def test_the_base_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(BROKEN / "base", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "No problems, 0 warnings.\n"


def test_there_are_many_cases_and_each_says_what_to_expect() -> None:
    folders = {path.name for path in BROKEN.iterdir() if path.is_dir()} - {"base"}
    assert folders == set(CASES)
    assert len(CASES) >= 25
