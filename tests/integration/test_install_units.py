"""The installed units before the tools that will judge them: systemd-analyze, and the hub's own system calls."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.hub_support import HubProcess, until
from tools.cli import cli
from tools.install.plans import SHARE

OPTIONS = {
    "hub": ["--hall-id", "qingxi", "--name", "青溪县政务服务中心"],
    "center": ["--hall", "qingxi=青溪县政务服务中心"],
}
ROOT_PROGRAM = "/usr/bin/true"  # `verify` wants a program that is there
ROOT_ONLY = {"fchown"}  # SQLite gives its side files to the database's owner, only when root runs it
MOST_EXPOSED = 4.9  # systemd-analyze says OK below 5.0


def installed(root: Path, server: str) -> Path:
    """The unit in a folder."""
    words = [server, "install", "--root", str(root), "--program", ROOT_PROGRAM, *OPTIONS[server]]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return root / f"etc/systemd/system/tingting-{server}.service"


def said(*words: str) -> str:
    """What a tool prints; it must end well. A tool that is missing fails: `make setup` installs it."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("server", list(OPTIONS))
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path, server: str) -> None:
    assert said("systemd-analyze", "verify", str(installed(tmp_path, server))) == ""


@pytest.mark.parametrize("server", list(OPTIONS))
def test_the_unit_is_exposed_little(tmp_path: Path, server: str) -> None:
    unit = installed(tmp_path, server)
    report = said("systemd-analyze", "security", "--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+) (\w+)", report)
    assert found is not None, report
    assert (float(found[1]) <= MOST_EXPOSED, found[2]) == (True, "OK"), report


@pytest.mark.parametrize("server", list(OPTIONS))
def test_user_and_folders_come_out_of_the_files(tmp_path: Path, server: str) -> None:
    installed(tmp_path, server)
    (tmp_path / "etc/group").write_text("root:x:0:\n", "utf-8")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", "utf-8")
    plan = said("systemd-sysusers", f"--root={tmp_path}", f"tingting-{server}.conf")
    assert f"tingting-{server}" in plan
    passwd = (tmp_path / "etc/passwd").read_text("utf-8")
    assert re.search(rf"^tingting-{server}:x:\d+:\d+:.*/nologin$", passwd, re.MULTILINE)
    assert said("systemd-sysusers", f"--root={tmp_path}", f"tingting-{server}.conf") == ""
    assert (tmp_path / "etc/passwd").read_text("utf-8") == passwd


@pytest.mark.parametrize("server", list(OPTIONS))
def test_the_service_begins_without_network_and_without_a_set_clock(server: str) -> None:
    unit = (SHARE / f"tingting-{server}.service").read_text("utf-8")
    assert re.findall(r"^(?:Wants|Requires|Requisite|BindsTo)=.*", unit, re.MULTILINE) == []
    assert re.findall(r"^After=(.*)", unit, re.MULTILINE) == ["network.target"]


def calls_allowed(unit: str) -> set[str]:
    """The system calls that a unit's filters leave."""
    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        named = {call for group in line.removeprefix("~").split() for call in group_of(group)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def group_of(name: str) -> set[str]:
    """A filter set of systemd, with the sets in it."""
    found: set[str] = set()
    for line in said("systemd-analyze", "syscall-filter", name).splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            found |= group_of(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


async def test_the_hub_works_within_the_calls_and_the_memory_rights_that_its_unit_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = (SHARE / "tingting-hub.service").read_text("utf-8")
    allowed = calls_allowed(unit) | group_of("@default")
    trace = tmp_path / "trace"
    hub = HubProcess(tmp_path)
    starter = tmp_path / "python"
    starter.write_text(f'#!/bin/sh\nexec strace -D -f -o "{trace}" "{sys.executable}" "$@"\n', "utf-8")
    starter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(starter))
    async with hub:
        assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
        await hub.serve_one()
        assert await hub.stop() == 0
    await until(lambda: "+++ exited with 0 +++" in trace.read_text("utf-8", "replace").splitlines()[-1], "the trace")
    lines = trace.read_text("utf-8", "replace").splitlines()
    made = {found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"epoll_wait", "fdatasync"} <= made or {"epoll_pwait", "fdatasync"} <= made, sorted(made)
    assert made - allowed - ROOT_ONLY == set()
    writable_code = [line for line in lines if re.search(r"(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", line)]
    assert not writable_code, "MemoryDenyWriteExecute would end this"


def test_the_port_names_are_rules_that_udev_can_read() -> None:
    text = (SHARE / "70-tingting.rules").read_text("utf-8")
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    word = r'[A-Z_]+(\{[A-Za-z_]+\})?(==|!=|\+=|=)"[^"]*"'
    for rule in rules:
        assert re.fullmatch(rf"{word}(, {word})*", rule), rule
    labels = set(re.findall(r'LABEL="(\w+)"', text))
    assert set(re.findall(r'GOTO="(\w+)"', text)) <= labels
    assert all("/" not in part for part in re.findall(r'SYMLINK\+="tingting/([^"]*)"', text))
