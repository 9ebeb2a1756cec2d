"""The docs keep up with the code: the reference is fresh, and the README's commands exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from quotaopt import __version__
from quotaopt.archive import TABLES
from quotaopt.cli import cli, main
from quotaopt.project import make_project
from quotaopt.report.names import name_table
from quotaopt.settings import Settings, known_keys

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
STALE = "stale; run: python docs/build.py"
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs/build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_fresh() -> None:
    assert builder().reference() == REFERENCE, STALE


@pytest.mark.usefixtures("forecast_once")
def test_the_readme_shows_what_the_first_command_prints() -> None:
    def masked(text: str) -> str:
        return re.sub(r" *\d+\.\d s$|20\d\d-\d\d-\d\d-", "", text, flags=re.MULTILINE)

    module = builder()
    assert masked(module.readme(module.example_output())) == masked(README), STALE


@pytest.mark.usefixtures("forecast_once")
def test_the_next_commands_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert main(["run", "--quiet"]) == 0
    for line in README.partition("## Next\n\n```\n")[2].partition("```")[0].splitlines():
        command = re.split(r" {4,}", line)[0]
        assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("kind", ["rules", "goals", "forecasters"])
def test_every_name_is_documented(kind: str) -> None:
    for name in name_table(kind)["name"]:
        assert f"**`{name}`**" in REFERENCE


def test_every_key_and_every_file_is_documented() -> None:
    for key, section in known_keys(Settings).items():
        assert section or f"| `{key}` |" in REFERENCE
    for name in TABLES:
        assert f"### `{name}.csv`" in REFERENCE


def test_every_command_is_in_the_readme_with_its_help() -> None:
    for name, command in cli.commands.items():
        assert command.help
        assert f"quotaopt {name}" in README
        assert f"### `quotaopt {name}" in REFERENCE
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, f"{name}: {option.name} has no help"


def test_every_command_the_readme_names_exists() -> None:
    named = set(re.findall(r"quotaopt ([a-z]+)", "\n".join(re.findall(r"```.*?```|`[^`]+`", README, flags=re.DOTALL))))
    assert named <= set(cli.commands)


def test_the_first_two_shell_blocks_install_and_test() -> None:
    first, second = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "quotaopt run" in first
    assert "pytest" in second


def test_links_of_the_readme_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_versions_agree() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "src/quotaopt/__init__.py"
