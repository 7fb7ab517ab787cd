"""Whatever a printer, a bad cable or a wrong baud rate says, the status parser goes on and loses nothing good."""

from hypothesis import given
from hypothesis import strategies as st

from protocol import escpos

GOOD = b"\x12\x12\x12"


def seen(status: escpos.Status) -> dict[str, object]:
    return {name: value for name, value in vars(status).items() if not name.startswith("_taken")}


@given(st.lists(st.binary(max_size=12)), st.lists(st.sampled_from([1, 2, 4]), max_size=8))
def test_any_bytes_in_any_pieces_give_one_state(pieces: list[bytes], asked: list[int]) -> None:
    one, other = escpos.Status(), escpos.Status()
    for number in asked:
        one.asked(number)
        other.asked(number)
    one.feed(b"".join(pieces))
    for piece in pieces:
        other.feed(piece)
    assert seen(one) == seen(other)
    assert one.worst in range(5)


@given(st.binary(max_size=200))
def test_after_any_noise_a_good_printer_is_good_again(noise: bytes) -> None:
    status = escpos.Status()
    status.feed(noise)
    status.forget()
    for number in (1, 2, 4):
        status.asked(number)
    status.feed(GOOD)
    # Paper that was out is said to be in by the sensors' own question; a fault by question 2.
    assert status.worst == escpos.OK
    assert not status.waiting


@given(st.integers(0, 255))
def test_an_answer_without_a_question_changes_nothing(byte: int) -> None:
    status = escpos.Status()
    if byte & 0x93 == 0x12:
        status.feed(bytes((byte,)))
        assert (status.answers, status.worst, status.noise) == (0, escpos.OK, 1)
