"""Every `tingting device` command speaks both languages and has --json; every error of the room has its Chinese."""

import ast
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from common import catalogue
from tests import device_json_support
from tools.checks import spoken_commands
from tools.checks.device_json import MEMBERS
from tools.checks.rooms import ROOT
from tools.cli import cli
from tools.device.commands import device
from tools.device.errors import DeviceError, HubAwayError, ImageError, NoRightError, PortError
from tools.device.options import plainly
from tools.device.speaking import Spoken, texts, width

PAGE = ROOT / "docs/reference/device-json.md"


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(device)
    for name in device.list_commands(context):
        found = device.get_command(context, name)
        assert found is not None
        yield name, found


NAMES = [name for name, _ in commands()]


def run(*words: str, **environment: str) -> click.testing.Result:
    return CliRunner().invoke(cli, ["device", *words], prog_name="tingting", env={"TINGTING_LANG": "", **environment})


def test_there_are_the_commands_of_the_technician() -> None:
    assert {"list", "identify", "flash", "image", "provision", "label", "replace", "selftest", "update", "log"} <= set(
        NAMES
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_command_has_json_and_a_language(name: str) -> None:
    command = dict(commands())[name]
    assert isinstance(command, Spoken)
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--lang"} <= options


@pytest.mark.parametrize("name", NAMES)
def test_its_help_is_chinese_first_and_english_beside(name: str) -> None:
    command = dict(commands())[name]
    chinese, english = run(name, "--help"), run(name, "--help", "--lang", "en")
    assert (chinese.exit_code, english.exit_code) == (0, 0)
    assert chinese.output.startswith("用法：tingting device")
    assert english.output.startswith("Usage: tingting device")
    assert run(name, "--help", TINGTING_LANG="en").output == english.output
    gettext = catalogue.translations(catalogue.CHINESE).gettext
    for text in texts(command):
        assert gettext(text) != text, text
    assert not [letter for letter in english.output if unicodedata.east_asian_width(letter) in "WF"]
    for line in chinese.output.splitlines()[1:]:
        assert width(line) <= 102, line  # a full stop may stand behind the edge
        assert not re.search(r"\b(the|and|with|that|of|is)\b", line), line


@pytest.mark.parametrize("name", NAMES)
def test_what_is_typed_wrongly_is_said_in_the_language_and_to_programs(name: str) -> None:
    chinese = run(name, "--none-such")
    assert chinese.exit_code == 2
    assert "没有选项 --none-such" in chinese.output
    assert "no option --none-such" in run(name, "--none-such", "--lang", "en").output
    said = json.loads(run(name, "--none-such", "--json").output)
    assert said == {"command": name, "ok": False, "error": "usage", "text": "没有选项 --none-such"}


def test_wrong_values_are_said_in_both_languages() -> None:
    for words, chinese, english in (
        (("flash",), "缺少 PORT", "PORT is missing"),
        (("provision", "p", "--role", "cook"), "--role 只能是：evaluator", "--role must be one of: evaluator"),
        (("identify", "x", "--for", "99"), "--for 须是 1 到 60 的数", "--for must be a number from 1 to 60"),
        (
            ("flash", "p", "--micropython", "/none"),
            "--micropython：没有这个文件",
            "--micropython: there is no such file",
        ),
        (("provision", "p", "--hub", "http://h"), "请给出 --window", "give --window"),
        (("identify", "3"), "要给 --hub", "give --hub"),
        (("link", "p"), "哪条线", "which line"),
    ):
        for language, text in (("zh-CN", chinese), ("en", english)):
            result = run(*words, "--lang", language)
            assert result.exit_code == 2, result.output
            assert text in result.output


def test_no_error_of_these_rooms_is_without_chinese() -> None:
    known = {entry.msgid: catalogue.said(entry) for entry in catalogue.merge()}
    found = list(spoken_commands.errors())
    assert len(found) > 60
    for file, line, message in found:
        assert message is not None, f"{file}:{line}: an error's message is one literal with %(places)s"
        assert known.get(message), f"{file}:{line}: {message!r}"
        places = r"%\(\w+\)s"
        assert set(re.findall(places, message)) == set(re.findall(places, known[message])), message


def test_nothing_is_printed_past_the_catalogue() -> None:
    """What a command prints as it stands in the source would be the same in both languages."""
    for path in sorted((ROOT / "tools/device").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:  # an end of line has no words
                continue
            if ast.unparse(node.func) in ("click.echo", "tell", "print", "click.prompt"):
                first = node.args[0]
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                words = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                assert not re.search("[A-Za-z]{2}", "".join(words)), f"{path}:{node.lineno}"


def test_the_members_of_each_commands_json_are_documented(tmp_path: Path) -> None:
    assert set(MEMBERS) == set(NAMES)
    key = tmp_path / "key"
    said = run("signing-key", str(key), "--json")
    device_json_support.check("signing-key", said.output)
    said = run("signing-key", str(key), "--json")
    device_json_support.check("signing-key", said.output)
    assert json.loads(said.output)["error"] == "failed"
    said = run("sign", str(tmp_path / "b"), "--key", str(key), "--role", "evaluator", "--board", "rpi_pico", "--json")
    device_json_support.check("sign", said.stdout)
    version = json.loads(said.stdout)["targets"][0]["version"]
    said = CliRunner().invoke(cli, ["device", "traceback", version, "--json"], input="x", prog_name="tingting")
    device_json_support.check("traceback", said.output)
    device_json_support.check("list", run("list", "--no-radio", "--json").output)


def test_an_error_is_said_in_its_language_with_the_errors_in_it() -> None:
    speak = catalogue.translations(catalogue.CHINESE).gettext
    inner = DeviceError("%(port)s: the box's file system is full.", port="p")
    outer = DeviceError("The hub has not noted it: %(why)s", why=inner)
    assert str(outer) == "The hub has not noted it: p: the box's file system is full."
    assert "盒子的文件系统已满" in outer.said(speak)


def test_an_end_is_told_by_status_and_code() -> None:
    ends = {
        "failed": DeviceError("The diary is empty."),
        "port": PortError("The diary is empty."),
        "wrong_file": ImageError("The diary is empty."),
        "hub_away": HubAwayError("The diary is empty."),
        "no_right": NoRightError("The diary is empty."),
        "broken_off": KeyboardInterrupt(),
    }
    text = PAGE.read_text("utf-8")
    for code, error in ends.items():

        @click.command()
        @plainly
        def failing(error: BaseException = error, **_: object) -> None:
            raise error

        @click.command()
        @click.option("--json", "as_json", is_flag=True)
        @click.option("--lang", default="zh-CN")
        @plainly
        def failing_for_programs(error: BaseException = error, **_: object) -> None:
            raise error

        result = CliRunner().invoke(failing, env={"TINGTING_LANG": "en"})
        assert result.exit_code == (130 if code == "broken_off" else 1)
        assert result.output.startswith("Error: ")
        result = CliRunner().invoke(failing_for_programs, ["--json"])
        said = json.loads(result.output)
        assert (said["ok"], said["error"]) == (False, code)
        assert f"`{code}`" in text
    assert "`usage`" in text


def test_a_list_with_nobody_and_without_a_hub(tmp_path: Path) -> None:
    here = run("list", "--no-radio", "--lang", "en")
    assert here.exit_code == 0
    assert "Boxes: nobody was asked; say --hub" in here.output
    said = json.loads(run("list", "--no-radio", "--json").output)
    assert (said["ok"], said["boxes"], said["hub"], said["radio"]) == (True, [], None, None)
    away = run("list", "--no-radio", "--hub", "http://127.0.0.1:9", "--json", TINGTING_TOKEN="t")
    assert (away.exit_code, json.loads(away.output)["error"]) == (1, "hub_away")
    nobody = run("list", "--no-radio", "--hub", "http://127.0.0.1:9", TINGTING_TOKEN="")
    assert (nobody.exit_code, "错误：没有令牌" in nobody.output) == (1, True)
    gone = json.loads(run("list", "--no-radio", "--json", str(tmp_path / "none")).output)
    assert [wrong["code"] for box in gone["boxes"] for wrong in box["wrong"]] == ["port"]
    assert "没有这个端口" in gone["boxes"][0]["wrong"][0]["text"]
