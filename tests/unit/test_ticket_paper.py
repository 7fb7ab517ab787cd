"""The ticket as a printer gets it: decoded from its bytes, drawn, its Chinese and its QR read again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from common.paper.decoder import Decoder
from common.paper.errors import PaperError
from common.paper.picture import draw
from common.paper.slips import Line, QrCode, Slip
from common.ticket_words import encoded, words, wrapped
from protocol import escpos, ticket

URL = b"http://192.168.1.20:8080/t/AbCdEfGhIjKlMnOpQrStUv"
COLUMNS = (ticket.NARROW, ticket.WIDE)
GOLDEN = Path(__file__).parent / "ticket_wide.png"


def made(columns: int, **fields: object) -> bytes:
    paper = ticket.Ticket(b"D024", encoded("居民身份证换领"), URL, b"2026-11-21 10:42")
    paper.matter_en = encoded("Renew a resident ID card")
    paper.hall = encoded("青溪县政务服务中心")
    paper.zone = encoded("一层 C 区")
    paper.ahead = 5
    for name, value in fields.items():
        setattr(paper, name, value)
    return ticket.render(words(ticket.WORDS, columns), paper, columns)


def decoded(data: bytes, columns: int = ticket.WIDE) -> Slip:
    decoder = Decoder(columns)
    decoder.feed(data)
    assert decoder.hanging.items == []
    (slip,) = decoder.finished
    assert slip.cut
    return slip


@pytest.mark.parametrize("columns", COLUMNS)
def test_it_says_number_matter_ahead_time_hall_zone_rule_and_code(columns: int) -> None:
    slip = decoded(made(columns), columns)
    for wanted in ("D024", "居民身份证换领", "前面还有", "5 人", "2026-11-21 10:42", "青溪县政务服务中心", "一层 C 区"):
        assert wanted in slip.text
    flowing = slip.text.replace("\n", "")
    assert "过号不用重新取号：到咨询台说一声，排在后面 2 人之后，限一次。" in flowing
    assert "Ahead of you" in slip.text
    assert slip.codes == [URL]


@pytest.mark.parametrize("columns", COLUMNS)
def test_nothing_is_wider_than_the_paper(columns: int) -> None:
    for data in (
        made(columns),
        made(columns, wait=b"12-20"),
        ticket.void(words(ticket.WORDS, columns), b"D024", columns),
    ):
        for item in decoded(data, columns).items:
            if isinstance(item, Line):
                assert sum(escpos.columns(encoded(run.text)) * run.wide for run in item.runs) <= columns, item.text


def test_the_number_is_the_largest_by_far() -> None:
    slip = decoded(made(ticket.WIDE))
    sizes = {run.text: run.high for item in slip.items if isinstance(item, Line) for run in item.runs}
    assert sizes.pop("D024") == 8
    assert max(sizes.values()) == 2


def test_a_ticket_given_away_from_the_hub_says_so_instead_of_guessing() -> None:
    slip = decoded(made(ticket.WIDE, ahead=None))
    assert "前面还有" not in slip.text
    assert "断网时取的号" in slip.text


def test_a_reprint_and_practice_are_marked_at_the_top() -> None:
    lines = decoded(made(ticket.WIDE, reprint=True, training=True)).lines
    assert lines[:4] == ["练习，不作数", "Practice: not valid", "重印", "Second print"]


def test_a_void_slip_names_the_number_and_has_no_code() -> None:
    slip = decoded(ticket.void(words(ticket.WORDS, 48), b"D024", 48))
    assert "作废" in slip.text
    assert "D024" in slip.text
    assert slip.codes == []


def test_hanzi_of_four_bytes_are_whole() -> None:
    # 㐱 is outside GBK: GB18030 says it in four bytes, and it stands in one cell of two columns.
    assert len(encoded("㐱")) == 4
    assert escpos.columns(encoded("㐱A")) == 3
    assert "㐱" in decoded(made(ticket.WIDE, matter=encoded("㐱氏"))).text


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_phone_reads_the_picture(columns: int) -> None:
    picture = draw(decoded(made(columns), columns), columns)
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == URL.decode()


def test_the_picture_is_the_one_that_somebody_looked_at() -> None:
    """Look at it again when this fails, then keep the new one: `python -m tests.unit.test_ticket_paper`."""
    picture = draw(decoded(made(ticket.WIDE, wait=b"12-20")))
    with Image.open(GOLDEN) as kept:
        assert kept.size == picture.size
        different = sum(one != other for one, other in zip(kept.convert("L").tobytes(), picture.tobytes(), strict=True))
        # Another release of the font moves some dots.
        assert different < picture.width * picture.height / 50


def test_a_torn_end_shows() -> None:
    decoder = Decoder()
    decoder.feed(made(ticket.WIDE)[:300])
    torn = draw(decoder.hanging)
    assert 190 in torn.tobytes()[-torn.width :]


@given(st.data())
def test_bytes_may_come_in_any_pieces(data: st.DataObject) -> None:
    whole = made(ticket.WIDE)
    decoder = Decoder()
    at = 0
    while at < len(whole):
        size = data.draw(st.integers(1, 200))
        decoder.feed(whole[at : at + size])
        at += size
    assert decoder.finished == [decoded(whole)]


@given(
    st.lists(st.tuples(st.sampled_from("ab汉㐱，。 （"), st.integers(1, 5)), max_size=40), st.sampled_from([16, 32, 48])
)
def test_wrapping_keeps_every_character_and_the_width(parts: list[tuple[str, int]], columns: int) -> None:
    text = "".join(character * times for character, times in parts)
    lines = wrapped(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert not any(line[:1] in "，。" and at for at, line in enumerate(lines) if line)


def test_what_the_decoder_does_not_know_is_an_error() -> None:
    for data in (b"\x1bZ", b"\x01", b"\x1d(k\x03\x001Z0", b"\xff\x20\n"):
        with pytest.raises(PaperError):
            Decoder().feed(data)


def test_no_paper_has_the_code_of_one_before_it() -> None:
    """ESC @ clears what a printer keeps of a code: where its own was lost on the line, there is none."""
    store = b"\x1d(k\x06\x001P0abc"
    show = b"\x1d(k\x03\x001Q0"
    decoder = Decoder()
    decoder.feed(escpos.RESET + store + show + escpos.CUT)
    decoder.feed(escpos.RESET + show + escpos.CUT)
    assert [slip.codes for slip in decoder.finished] == [[b"abc"], []]


def test_a_stored_code_outlives_a_cleared_buffer_and_not_the_power() -> None:
    store = b"\x1d(k\x06\x001P0abc"
    show = b"\x1d(k\x03\x001Q0"
    decoder = Decoder()
    decoder.feed(escpos.RESET + store)
    decoder.forget()
    decoder.feed(show + escpos.CUT)
    decoder.power_off()
    decoder.feed(show + escpos.CUT)
    assert [slip.codes for slip in decoder.finished] == [[b"abc"], []]


def test_a_code_too_wide_for_the_head_is_an_error() -> None:
    with pytest.raises(PaperError, match="does not fit"):
        draw(Slip([QrCode(b"x" * 200, 16, "m")]), 32)


if __name__ == "__main__":
    draw(decoded(made(ticket.WIDE, wait=b"12-20"))).save(GOLDEN)


@given(st.integers(0, 226_000_000))
def test_the_hour_on_a_paper_is_the_calendars(minutes: int) -> None:
    """Of a box that prints alone, until 2399."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    assert ticket.at_text(minutes).decode() == at.strftime("%Y-%m-%d %H:%M")


def test_every_minute_of_a_day_and_every_day_of_a_leap_year_has_its_text() -> None:
    first = datetime(2028, 1, 1, tzinfo=UTC)
    began = int(first.timestamp()) // 60
    for minutes in (*range(1440), *range(0, 366 * 1440, 1440)):
        at = first + timedelta(minutes=minutes)
        assert ticket.at_text(began + minutes).decode() == at.strftime("%Y-%m-%d %H:%M")
