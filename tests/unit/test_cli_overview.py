"""`tingting`: one command line, quick to answer."""

import json
import subprocess
import sys
from importlib import metadata

import click
import pytest
from click.testing import CliRunner

from tools.cli import ENTRIES, cli


def test_the_overview_names_every_command_of_the_contract() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name in ("hub", "center", "demo", "simulate", "bench", "device", "completion"):
        assert f"\n  {name} " in result.output


def test_the_overview_imports_none_of_the_rooms() -> None:
    program = (
        "import sys, json\nfrom click.testing import CliRunner\nfrom tools.cli import cli\n"
        "result = CliRunner().invoke(cli, ['--help'])\nassert result.exit_code == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = json.loads(answer.stdout.splitlines()[-1])
    assert not [name for name in loaded if name.startswith(("aiohttp", "hub", "center", "tools.demo", "protocol"))]


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert result.output.strip() == f"tingting, version {metadata.version('tingting')}"


@pytest.mark.parametrize("name", list(ENTRIES))
def test_every_command_stands_where_its_entry_says_and_explains_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    result = CliRunner().invoke(cli, [name, "--help"], env={"TINGTING_LANG": "en"})
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("name", ["hub", "center"])
def test_the_servers_want_their_file(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "run", "--config", "nowhere.toml"])
    assert result.exit_code == 2
    assert "nowhere.toml" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_asks_this_program(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert "_TINGTING_COMPLETE" in result.output


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(cli, ["halll"])
    assert result.exit_code == 2
    assert "halll" in result.output
