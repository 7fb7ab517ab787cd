"""An export proves itself on another machine; whatever is changed in it is found."""

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.center_month import CONFIG, fill
from tests.center_support import ROOT, Journal, running
from tools.center import commands as figures

BATCH = 1000
MONTHS = ("2026-09", "2026-10")


def tingting(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a person types it."""
    return subprocess.run(
        [sys.executable, "-m", "tools.cli", "center", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def verified(*arguments: str) -> Result:
    """The same command in this process: one start of Python less for each change."""
    return CliRunner().invoke(figures.verify, arguments)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An export of a center that goes on running, and its notice as its door gives it."""
    folder = Path(tmp_path_factory.mktemp("verify"))

    async def run() -> None:
        async with running(folder, CONFIG) as center:
            for hall in ("qingxi", "liuhe"):
                journal = fill(Journal(hall=hall, name=f"journal-{hall}"), MONTHS, per_day=5)
                for after in range(0, journal.through, BATCH):
                    assert (await center.send(journal, after, after + BATCH, packed=True))[0] == 200
            notice = (await center.ask("/bulletin/2026-10.json", "auditor"))[1]
            (folder / "notice.json").write_bytes(notice)
            late = Journal(hall="liuhe", name="another-journal")  # what comes afterwards is no matter of that notice
            late.run(1, 1, at_ms=1_791_600_000_000)
            assert (await center.send(late))[0] == 200
            out = folder / "export.gz"
            command = ["export", "--config", str(folder / "center.toml"), "--out", str(out), "--month", "2026-10"]
            done = await asyncio.to_thread(tingting, *command)
            assert done.returncode == 0, done.stderr

    asyncio.run(run())
    for kept in (folder / "var").iterdir():
        kept.unlink()  # another machine has no store
    return folder / "export.gz", folder / "notice.json"


def changed(source: Path, target: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """The same export with something done to its lines."""
    lines = gzip.decompress(source.read_bytes()).decode().splitlines()
    target.write_bytes(gzip.compress(("\n".join(change(lines)) + "\n").encode(), 1))
    return target


def test_an_export_is_proved_without_the_store(exported: tuple[Path, Path]) -> None:
    export, notice = exported
    done = tingting("verify", str(export), "--notice", str(notice))
    assert done.returncode == 0, done.stdout
    assert "all chains and all figures are what the events say" in done.stdout
    assert f"sha256 {json.loads(notice.read_text('utf-8'))['digest']}" in done.stdout


def _grade(lines: list[str]) -> list[str]:
    index = next(i for i, line in enumerate(lines) if r"\"grade\":1" in line)
    return [*lines[:index], lines[index].replace(r"\"grade\":1", r"\"grade\":5"), *lines[index + 1 :]]


def _drop(lines: list[str]) -> list[str]:
    return [*lines[:100], *lines[101:-1], _end(lines, lambda end: end | {"events": end["events"] - 1})]


def _end(lines: list[str], change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    return json.dumps(change(json.loads(lines[-1])), ensure_ascii=False)


def _better(lines: list[str]) -> list[str]:
    def change(end: dict[str, Any]) -> dict[str, Any]:
        total = end["notices"]["2026-10"]["total"]
        total["grades"]["5"] += 1
        return end

    return [*lines[:-1], _end(lines, change)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_grade, "chain"),
        (_drop, "its events end at"),
        (_better, "total.grades.5: it says"),
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines[:-2], lines[-1]], "and says"),
        (lambda lines: lines[1:], "no export of a center"),
    ],
)
def test_whatever_is_changed_is_found(
    exported: tuple[Path, Path], tmp_path: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    done = verified(str(changed(exported[0], tmp_path / "changed.gz", change)))
    assert done.exit_code == 1
    assert said in done.output


def test_a_cut_file_is_no_export(exported: tuple[Path, Path], tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(exported[0].read_bytes()[:5000])
    done = verified(str(cut))
    assert done.exit_code == 1
    assert "end-of-stream" in done.output


def test_a_notice_with_other_figures_is_named(exported: tuple[Path, Path], tmp_path: Path) -> None:
    told = json.loads(exported[1].read_text("utf-8"))
    told["flag"] = [["qingxi", "5"]]
    path = tmp_path / "notice.json"
    path.write_text(json.dumps(told), "utf-8")
    done = verified(str(exported[0]), "--notice", str(path))
    assert done.exit_code == 1
    assert "flag[0][1]: it says '5'" in done.output
