"""`hall.csv`: out and in again without a difference, and an error for each cell that is wrong."""

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import catalogue
from hub.hall.layout import stars
from hub.hall.rows import (
    KEYS,
    AnnouncementRow,
    HallRow,
    LedRow,
    LinkRow,
    MatterRow,
    PrinterRow,
    Rows,
    ServiceRow,
    StaffRow,
    WindowRow,
    ZoneRow,
)
from hub.hall.sheet_words import COLUMNS, TABLES, DeviceRow, column, hint
from hub.hall.sheets import SheetError, read, write

PAPERS = '身份证,"原件"\n户口簿'
NOW = Rows(
    hall=HallRow(name="青溪县政务服务中心", name_en="Qingxi", closing="17:30"),
    zones=(ZoneRow(id="east", name="东区"),),
    services=(
        ServiceRow(
            id="A", prefix="A", name="社保", hours=("09:00-12:00", "13:30-17:00"), papers='身份证,"原件"\n户口簿'
        ),
        ServiceRow(id="B", prefix="B", name="税务", zone="east", first_number=500, daily_cap=80),
    ),
    windows=(
        WindowRow(id="1", name="1号窗口", services=("A", "B")),
        WindowRow(id="2", name="2号窗口", services=("B",), zone="east"),
    ),
    matters=(MatterRow(id="m1", service="A", name="社保卡申领", often=True),),
    staff=(StaffRow(code="017", name="王芳", role="B", stars=4),),
    printers=(PrinterRow(id="p1", url="tcp://192.168.1.9:9100", paper_mm=58),),
    leds=(LedRow(window="1", url="/dev/ttyUSB1", address="0A"),),
    announcements=(AnnouncementRow(id="n1", text="周五下午，休息"),),
    links=(LinkRow(url="/dev/ttyUSB0", baud=9600),),
)
ROLES = {"ev-1": "evaluator", "ev-2": "evaluator", "ca-1": "caller"}
DEVICES = [DeviceRow(device="ev-1", role="evaluator", window="1"), DeviceRow(device="ev-2", role="evaluator")]


def english(text: str) -> str:
    return text


def wrongs(content: str | bytes, language: str = catalogue.ENGLISH) -> list[tuple[int, int, str, str]]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(SheetError) as told:
        read(raw, NOW, ROLES, catalogue.translations(language).gettext)
    return [(wrong.line, wrong.column, wrong.name, wrong.what) for wrong in told.value.wrongs]


@pytest.mark.parametrize("chinese", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_what_is_written_is_read_again_in_each_language_and_encoding(chinese: bool, encoding: str) -> None:
    text = write(NOW, DEVICES, chinese=chinese).decode("utf-8-sig")
    assert ("[窗口]" in text) == chinese
    sheet = read(text.encode(encoding), NOW, ROLES, english)
    assert sheet.rows == NOW
    assert sheet.places == {"ev-1": "1", "ev-2": None}


def test_a_spreadsheet_gets_the_mark_that_it_needs_for_chinese() -> None:
    assert write(NOW, [], chinese=True).startswith(b"\xef\xbb\xbf[\xe5\xa4\xa7")


def test_a_table_or_column_that_is_not_there_stays_as_it_is() -> None:
    sheet = read("[业务],,\r\n编号,名称,字头\r\nA,社会保险,A\r\nB,税务,B\r\n".encode(), NOW, ROLES, english)
    assert sheet.rows.services[0].papers == NOW.services[0].papers
    assert (sheet.rows.services[0].name, sheet.rows.services[1].daily_cap) == ("社会保险", 80)
    assert sheet.rows.windows == NOW.windows
    assert sheet.places is None


def test_an_empty_cell_is_the_fields_default() -> None:
    sheet = read(b"[services]\nid,prefix,name,daily_cap\nA,A,a,\nB,B,b,\n", NOW, ROLES, english)
    assert [row.daily_cap for row in sheet.rows.services] == [0, 0]


def test_cells_may_be_written_as_people_write_them() -> None:
    sheet = read('[windows]\n编号,NAME,办理业务\n 1 ,一号,A、B\n2,二号,"B, A"\n,,\n'.encode(), NOW, ROLES, english)
    assert [row.services for row in sheet.rows.windows] == [("A", "B"), ("B", "A")]


BAD = [
    ("[windows]\nid,name,services\n1,一号,Z\n", 3, 3, "services", "There is no “Z”; allowed: A, B"),
    ("[windows]\nid,name,services\n1,一号,A\n1,又一号,A\n", 4, 1, "id", "“1” stands in line 3 already."),
    ("[windows]\nid,name,services\n1,,A\n", 3, 2, "name", "text of at most 20 characters"),
    ("[windows]\nid,name,services\n1,一号\n", 3, 3, "services", "services/办理业务 is missing."),
    ("[windows]\nid,name,service\n1,一号,A\n", 2, 3, "service", "did you mean services?"),
    ("[windows]\nid,name\n1,一号\n", 2, 0, "services", "The column services/办理业务 is missing."),
    ("[windows]\nid,name,services\n1,一号,A,,x\n", 3, 5, "", "a comma too many"),
    ("[windows]\nid,name,services\n", 1, 0, "", "can't be empty"),
    ("[windows]\nid,name,services,name\n1,一号,A,一号\n", 2, 4, "name", "stands there twice"),
    (
        "[services]\nid,prefix,name\nA,a,社保\nB,B,税\n",
        3,
        2,
        "prefix",
        "“a” can't stand here; allowed: one or two",
    ),
    (
        "[services]\nid,prefix,name,hours\nA,A,社,9-12\nB,B,税,\n",
        3,
        4,
        "hours",
        "times such as 09:00-12:00 13:30-17:00",
    ),
    (
        "[services]\nid,prefix,name,daily_cap\nA,A,社,八十\nB,B,税,1\n",
        3,
        4,
        "daily_cap",
        "a whole number from 0 to 9999",
    ),
    ("[services]\nid,prefix,name\nA,A,社\nB,A,税\n", 1, 0, "services", "share the prefix"),
    ("[staff]\ncode,name,role\n017,王芳,C\n", 3, 3, "role", "A or B"),
    ("[matters]\nid,name,service,often\nm,社保卡,A,vielleicht\n", 3, 4, "often", "yes or no"),
    ("[matters]\nid,name,service\nm,社保卡,Q\n", 3, 3, "service", "There is no “Q”; allowed: A, B"),
    ("[printers]\nid,url,paper_mm\np,tcp://h:9100,70\n", 3, 3, "paper_mm", "58 or 80"),
    ("[printers]\nid,url\np,http://h\n", 3, 2, "url", "tcp://host:9100"),
    ("[leds]\nwindow,url,address\n1,/dev/ttyUSB1,1\n", 3, 3, "address", "two digits"),
    ("[links]\nurl,baud\nCOM,9600\n", 3, 1, "url", "/dev/ttyUSB0"),
    ("[devices]\ndevice,role,window\nev-9,evaluator,1\n", 3, 1, "device", "Registered: ca-1, ev-1, ev-2"),
    ("[devices]\ndevice,role,window\nev-1,caller,1\n", 3, 2, "role", "ev-1 is registered as evaluator."),
    (
        "[devices]\ndevice,role,window\nev-1,evaluator,1\nev-2,evaluator,1\n",
        4,
        3,
        "window",
        "ev-1 stands at this",
    ),
    ("[devices]\ndevice,role,window\nev-1,evaluator,7\n", 3, 3, "window", "There is no “7”; allowed: 1, 2"),
    ("[fenster]\n", 1, 1, "", "There is no table [fenster]; there are: [hall] [大厅]"),
    ("id,name\n1,2\n", 1, 0, "", "No table has begun"),
    ("", 1, 0, "", "No table begins here"),
    ("[hall]\nname\n厅\n又一厅\n", 1, 0, "", "has one row"),
    ("[staff]\ncode,name\n1,a\n[staff]\ncode,name\n2,b\n", 4, 0, "", "began in line 1 already"),
    ('[staff]\ncode,name\n1,"王芳\n2,b\n', 3, 0, "", "Is a quote not closed?"),
    (b"\xff\xfe[\x00", 1, 0, "", "UTF-16"),
    (b"[staff]\ncode,name\n1,\xff\xff\xff\n", 3, 0, "", "neither UTF-8 nor GB18030"),
]


@pytest.mark.parametrize(("content", "line", "number", "name", "what"), BAD)
def test_each_wrong_cell_is_told_with_line_column_and_what_is_allowed(
    content: str | bytes, line: int, number: int, name: str, what: str
) -> None:
    found = wrongs(content)
    assert [each[:3] for each in found] == [(line, number, name)], found
    assert what in found[0][3]


def test_everything_that_is_wrong_is_told_at_once_and_in_the_readers_language() -> None:
    content = '[业务]\n编号,字头,名称\nA,a,"两\n行"\nB,B,\n[窗口]\n编号,名称,办理业务\n1,一号,Z\n'
    assert wrongs(content, catalogue.CHINESE) == [
        (3, 2, "prefix", "这里不能是“a”；可填：一个或两个大写字母"),
        (5, 3, "name", "这里不能是“”；可填：最多 40 个字"),
        (8, 3, "services", "没有“Z”；可填：A, B"),
    ]


def test_every_column_has_a_word_of_its_own_and_a_hint() -> None:
    for _word, kind in TABLES.values():
        words = [column(name) for name in kind.__struct_fields__]
        assert len(set(words)) == len(words)
        for name in kind.__struct_fields__:
            assert hint(kind, name, catalogue.translations(catalogue.CHINESE).gettext)
    assert set(TABLES) == {"hall", "devices", *KEYS}
    used = {name.removesuffix("_en") for _word, kind in TABLES.values() for name in kind.__struct_fields__}
    assert used == set(COLUMNS)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15
)


@settings(max_examples=80, deadline=None)
@given(name=TEXT, papers=TEXT, text=TEXT, encoding=st.sampled_from(["utf-8-sig", "gb18030"]))
def test_any_text_comes_back_as_it_was(name: str, papers: str, text: str, encoding: str) -> None:
    if not (name.strip() and text.strip() and papers.strip()):
        return  # an empty cell is no text
    rows = msgspec.structs.replace(
        NOW,
        matters=(),
        services=(ServiceRow(id="A", prefix="A", name=name, papers=papers),),
        windows=(WindowRow(id="1", name="一", services=("A",)),),
        announcements=(AnnouncementRow(id="n", text=text),),
    )
    content = write(rows, [], chinese=True).decode("utf-8-sig").encode(encoding)
    # Bytes of the other encoding that are UTF-8 by chance are read as UTF-8: a line of Chinese never is.
    assert read(content, NOW, ROLES, english).rows == rows


def test_stars_are_a_column_of_the_staff_and_six_are_too_many() -> None:
    sheet = read("[人员]\n工号,名称,星级\n017,王芳,5\n018,李强,\n".encode(), NOW, ROLES, english)
    assert [(row.code, row.stars) for row in sheet.rows.staff] == [("017", 5), ("018", 0)]
    assert [stars(SimpleNamespace(rows=sheet.rows), code) for code in ("017", "018", "019")] == [5, None, None]
    [(line, column_, name, what)] = wrongs("[staff]\ncode,name,stars\n017,王芳,6\n")
    assert (line, column_, name) == (3, 3, "stars")
    assert "a whole number from 0 to 5" in what
