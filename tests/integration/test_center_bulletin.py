"""The monthly notice of a running center: page, PDF, .xlsx and figures say the same, and what the events say."""

import io
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image

from center.bulletin import figures
from tests.center_month import CONFIG, MONTHS, fill
from tests.center_support import CenterProcess, Journal, running
from tests.hub_support import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
OCTOBER = "2026-10"
BATCH = 1000


@dataclass
class Filled:
    """A center with three months of two halls."""

    center: CenterProcess
    journals: dict[str, Journal]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    async with running(Path(tmp_path_factory.mktemp("bulletin")), CONFIG) as center:
        journals = {hall: fill(Journal(hall=hall, name=f"journal-{hall}")) for hall in ("qingxi", "liuhe")}
        for journal in journals.values():
            for after in range(0, journal.through, BATCH):
                status, answer = await center.send(journal, after, after + BATCH, packed=True)
                assert status == 200, answer
        made = Filled(center, journals)

        async def followed() -> bool:
            """Every bad rating has its case: the center looks for them twice a second."""
            return cases_of(told := await figures_of(made)) == bad_of(told)

        await until(followed, "the cases of the last batch")
        yield made


def bad_of(told: dict[str, Any]) -> int:
    """How many bad ratings."""
    return int(told["total"]["grades"]["1"] + told["total"]["grades"]["2"])


def cases_of(told: dict[str, Any]) -> int:
    """How many of them are followed."""
    return sum(row[1] for row in told["put_right"]["rows"])


def counted(journal: Journal, month: str) -> dict[str, Any]:
    """What the events of a journal say, by plain reading."""
    runs: dict[str, str] = {}
    grades = [0] * 5
    for raw in journal.events:
        event = msgspec.json.decode(raw)
        if event["type"] == "hall.ticket.finished" and event["time"].startswith(month):
            runs[event["data"]["run"]] = event["data"]["window"]
        elif event["type"] == "hall.rating.submitted" and event["data"]["run"] in runs:
            grades[event["data"]["grade"] - 1] += 1
    return {"served": len(runs), "grades": grades, "windows": runs}


async def figures_of(filled: Filled, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await filled.center.ask(f"/bulletin/{OCTOBER}.json{query}"))[1])
    return found


async def test_the_figures_are_those_of_the_events(filled: Filled) -> None:
    told = await figures_of(filled)
    wanted = [counted(journal, OCTOBER) for journal in filled.journals.values()]
    assert told["total"]["served"] == sum(one["served"] for one in wanted)
    assert list(told["total"]["grades"].values()) == [sum(one["grades"][g] for one in wanted) for g in range(5)]
    assert told["units"]["by"] == "hall"
    assert {row["key"]: row["served"] for row in told["units"]["rows"]} == {
        hall: one["served"] for hall, one in zip(filled.journals, wanted, strict=True)
    }
    assert told["days_open"] == 22
    assert cases_of(told) == bad_of(told) > 0, "every bad rating has its case"
    assert (told["put_right"]["closed"], told["put_right"]["upheld"]) == ({"1": 0, "2": 0}, 0)
    assert (told["key_tests"]["evaluators"], told["key_tests"]["tests"]) == (7, 8)
    ends = {end["journal"]: (end["stored_through"], end["chain"]) for end in told["rests_on"]}
    halls_own = {name: end for name, end in ends.items() if not name.startswith("center:")}
    assert halls_own == {j.name: (j.through, j.links[-1].hex()) for j in filled.journals.values()}
    assert told["digest"] == figures.digest({k: v for k, v in told.items() if k not in ("digest", "as_of")})


async def test_a_halls_notice_is_by_department(filled: Filled) -> None:
    told = await figures_of(filled, "?hall=qingxi")
    assert told["units"]["by"] == "department"
    assert {row["key"] for row in told["units"]["rows"]} == set("税务 公安户籍 人社 医保 不动产登记 市场监管".split())
    assert sum(row["served"] for row in told["units"]["rows"]) == told["total"]["served"]
    ranks = [row["rank"] for row in told["ranking"]]
    assert ranks == sorted(ranks)
    assert told["flag"] == [["qingxi", told["ranking"][0]["key"]]]


def text_of(pdf: bytes) -> str:
    """What the PDF says, by poppler."""
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_paper_opens_says_the_figures_and_carries_its_code(filled: Filled, lang: str, tmp_path: Path) -> None:
    told = await figures_of(filled, "?hall=qingxi")
    status, pdf = await filled.center.ask(f"/bulletin/{OCTOBER}.pdf?hall=qingxi&lang={lang}")
    assert status == 200
    (tmp_path / "notice.pdf").write_bytes(pdf)
    said = text_of(pdf).replace(" ", "")
    total = told["total"]
    rate, happy = total["evaluation_rate"], total["satisfaction_rate"]
    for value in (rate, happy):
        assert f"{100 * value['value']:.2f}%" in said
        assert f"{value['numerator']:,}/{value['denominator']:,}" in said
    assert {part for part in ("青政务通〔2026〕10号", "—1—", "—2—") if part not in said} == set()
    assert ("青溪县政务服务大厅通报" in said) is (lang == "zh-CN")
    fonts = subprocess.run(["pdffonts", tmp_path / "notice.pdf"], capture_output=True, text=True, check=True).stdout
    assert "Noto" in fonts
    embedded = [line.split()[-5] for line in fonts.splitlines()[2:]]
    assert set(embedded) == {"yes"}
    subprocess.run(["pdftoppm", "-r", "200", "-png", tmp_path / "notice.pdf", tmp_path / "page"], check=True)
    codes = [
        code.text for page in sorted(tmp_path.glob("page*.png")) for code in zxingcpp.read_barcodes(Image.open(page))
    ]
    assert codes == [f"tingting:bulletin:{OCTOBER}:qingxi:sha256:{told['digest']}"]


async def test_the_workbook_opens_with_numbers_and_rates_as_formulas(filled: Filled) -> None:
    told = await figures_of(filled)
    status, content = await filled.center.ask(f"/bulletin/{OCTOBER}.xlsx")
    assert status == 200
    values = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(content))
    assert values.sheetnames == ["各单位", "窗口", "等候时间", "口径"]
    last = values["各单位"].max_row
    row = [cell.value for cell in values["各单位"][last]]
    total = told["total"]
    assert row[:6] == [
        "合计",
        total["served"],
        total["rated"],
        pytest.approx(total["evaluation_rate"]["value"]),
        total["satisfaction_rate"]["numerator"],
        pytest.approx(total["satisfaction_rate"]["value"]),
    ]
    assert row[6:11] == [total["grades"][str(grade)] for grade in (5, 4, 3, 2, 1)]
    assert row[12] == pytest.approx(total["points"] / total["rated"])
    assert formulas["各单位"][last][3].value == f"=C{last}/B{last}"
    assert values["窗口"].max_row - 3 == len(told["ranking"])


async def test_a_month_without_service_says_so_and_a_wrong_one_is_named(filled: Filled) -> None:
    told = json.loads((await filled.center.ask("/bulletin/2020-02.json"))[1])
    assert (told["total"]["served"], told["flag"], told["to"]) == (0, [], "2020-02-29")
    assert (await filled.center.ask("/bulletin/2020-02.pdf"))[0] == 200
    for path in ("2026-13.json", "2026-1.pdf", "x.json", "1999-01.json"):
        assert (await filled.center.ask(f"/bulletin/{path}"))[0] == 404, path
    assert (await filled.center.ask(f"/bulletin/{OCTOBER}.json?hall=elsewhere"))[0] == 404
    assert (await filled.center.ask(f"/bulletin/{OCTOBER}.json", "hall qingxi"))[0] == 403


async def test_stars_are_for_three_months_among_the_first(filled: Filled) -> None:
    ranked = {}
    for month in MONTHS:
        told = json.loads((await filled.center.ask(f"/bulletin/{month}.json"))[1])
        ranked[month] = {(row["hall"], row["key"]) for row in told["ranking"] if row["rank"] and row["rank"] <= 5}
    told = await figures_of(filled)
    assert {tuple(key) for key in told["stars"]} == set.intersection(*ranked.values())
    august = json.loads((await filled.center.ask("/bulletin/2026-08.json"))[1])
    assert august["stars"] == []
