"""What the documents show works as shown: examples load, commands exist, the picture says what it shows."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import click
import pytest

import center.config
import hub.config
from hub.uplink.uplink import UplinkState
from tools.bench import ble
from tools.checks import generated, links, messages, tables
from tools.checks.rooms import ROOT
from tools.checks.tracked import tracked

PAGES = [path for path in tracked(ROOT) if path.suffix == ".md"]


def _fenced(path: Path, language: str) -> list[str]:
    text = path.read_text("utf-8")
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in blocks]


def _whole_examples() -> list[tuple[str, str]]:
    found = [(str(path.relative_to(ROOT)), text) for path in PAGES for text in _fenced(path, "toml")]
    return [(name, text) for name, text in found if "[hall]" in text or "[[halls]]" in text]


def test_generated_text_is_current() -> None:
    assert generated.check() == []


def test_there_are_examples_of_both_configurations() -> None:
    texts = [text for _, text in _whole_examples()]
    assert any("[hall]" in text for text in texts)
    assert any("[[halls]]" in text for text in texts)


@pytest.mark.parametrize(("name", "text"), _whole_examples())
def test_each_configuration_that_is_shown_loads(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "example.toml"
    path.write_text(text, "utf-8")
    (tmp_path / "center.token").write_text("token-of-the-center\n", "utf-8")
    if "halls" in tomllib.loads(text):
        assert center.config.load(path).halls, name
    else:
        assert hub.config.load(path).windows, name


def _shown_commands() -> list[tuple[str, str]]:
    found = []
    for path in PAGES:
        for block in _fenced(path, "sh"):
            joined = block.replace("\\\n", " ")
            found += [(str(path.relative_to(ROOT)), line) for line in re.findall(r"bin/tingting ([^#\n]+)", joined)]
    return found


@pytest.mark.parametrize(("page", "line"), _shown_commands())
def test_each_command_that_is_shown_exists(page: str, line: str) -> None:
    command: click.Command = tables.cli
    words = line.split()
    while isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words.pop(0))
        assert inner is not None, f"{page}: {line}"
        command = inner
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, f"{page}: {line}"


def test_each_make_verb_that_is_shown_exists() -> None:
    verbs = set(re.findall(r"`make ([a-z-]+)`", tables.make_verbs()))
    for path in PAGES:
        for block in _fenced(path, "sh"):
            for line in re.findall(r"^make ([^#\n]+)", block, re.MULTILINE):
                assert {word for word in line.split() if "=" not in word} <= verbs, f"{path}: make {line}"


def test_each_file_that_a_command_names_exists() -> None:
    for path in PAGES:
        for block in _fenced(path, "sh"):
            for name in re.findall(r"\b(?:tests|tools|requirements)/[\w./-]+", block):
                assert (ROOT / name).exists(), f"{path}: {name}"


def test_each_door_of_the_center_is_described() -> None:
    text = (ROOT / "docs/reference/http.md").read_text("utf-8").partition("## Center")[2]
    routes = (ROOT / "center/web/app.py").read_text("utf-8")
    doors = re.findall(r'web\.(get|post)\("(/[^"]*)"', routes)
    assert doors
    for method, path in doors:
        if path.startswith("/api/") or path in ("/healthz", "/readyz", "/metrics", "/"):
            assert re.search(rf"(?:{method.upper()} |, `){re.escape(path)}[`?]", text), f"{method} {path}"


def test_each_decision_is_in_the_list_and_has_its_three_parts() -> None:
    folder = ROOT / "docs/decisions"
    listed = set(links.targets((folder / "README.md").read_text("utf-8")))
    for page in folder.glob("*.md"):
        if page.name != "README.md":
            assert page.name in listed
            text = page.read_text("utf-8")
            assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Consequences")), page.name


def test_the_first_screen_of_the_readme_has_the_two_commands_and_the_picture() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        first = "\n".join((ROOT / name).read_text("utf-8").splitlines()[:16])
        assert "make demo" in first
        assert "make test" in first
        assert "docs/pictures/house.svg" in first


@pytest.mark.parametrize("path", sorted((ROOT / "docs/pictures").glob("*.svg")), ids=lambda path: path.name)
def test_each_picture_names_and_describes_itself(path: Path) -> None:
    picture = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert picture.get("role") == "img"
    labels = {picture.find(f"{space}{tag}").get("id"): picture.findtext(f"{space}{tag}") for tag in ("title", "desc")}
    assert (picture.get("aria-labelledby") or "").split() == list(labels)
    assert all(labels.values())


def test_the_page_of_the_benchmarks_names_those_that_there_are() -> None:
    made = set()
    name = re.compile(r'f?"((?:wire|firmware|serial|hub|uplink|simulation|board|ble|center)\.\w+_[\w{}.]+)"')
    # What a name ends with where one load is measured in several forms.
    forms = {"{case.suffix}": [case.suffix for case in ble.CASES], "{label}": ["1m", "10m"]}
    for path in (ROOT / "tools/bench").glob("*.py"):
        for found in name.findall(path.read_text("utf-8")):
            form = next((form for form in forms if form in found), "")
            made |= {found.replace(form, each) for each in forms[form]} if form else {found}
    page = (ROOT / "docs/reference/benchmarks.md").read_text("utf-8").partition("What a recorded run gave")[0]
    assert made == set(re.findall(r"`(\w+\.\w+_\w+)`", page))


def test_the_page_of_the_logs_names_every_line_that_is_written() -> None:
    names = {f"uplink.{state}" for state in UplinkState} - {"uplink.starting"}
    for room in ("hub", "center", "common"):
        for path in (ROOT / room).rglob("*.py"):
            names |= set(re.findall(r'(?:log\(\s*|"event": )"([a-z_]+\.[a-z_]+)"', path.read_text("utf-8")))
    page = set(re.findall(r"`([a-z]+\.[a-z_]+)`", (ROOT / "docs/reference/logs.md").read_text("utf-8")))
    # The two that are made from what the center refuses for.
    assert page - {"center.gap", "center.forked"} == names


def test_a_message_without_chinese_is_found(tmp_path: Path) -> None:
    for top in messages.SPEAKING:
        (tmp_path / top).mkdir()
    (tmp_path / "common/catalogue").mkdir()
    po = '# p\nmsgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Known"\nmsgstr "知道"\n'
    (tmp_path / "common/catalogue/common.zh_CN.po").write_text(po, "utf-8")
    (tmp_path / "hub/page.py").write_text('shown = [_("Known"), _("Unknown")]\n', "utf-8")
    assert messages.check(tmp_path) == ["hub/page.py:1: 'Unknown' has no Chinese in common/catalogue/*.zh_CN.po"]
