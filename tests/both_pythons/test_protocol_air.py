"""What stands in an advertisement, run by both interpreters."""

from protocol import air


def test_an_advertisement_fills_31_bytes_and_is_read_back():
    data = air.advertisement(False, 3, 0x12345, 0xBEEF)
    assert len(data) == 31
    assert data[:3] == b"\x02\x01\x06"
    assert data[3:5] == b"\x11\x07"
    assert data[5:21] == air.uuid_bytes(air.SERVICE)
    assert data[21:25] == b"\x09\xff\xff\xff"
    assert data[25:] == b"\x01\x03\x23\x45\xbe\xef"
    assert air.read_state(data[25:]) == (False, 3, 0x2345, 0xBEEF)


def test_a_call_and_a_full_log_are_told():
    state = air.advertisement(True, 1000, 7, 0)[25:]
    assert air.read_state(state) == (True, air.MANY, 7, 0)


def test_state_of_another_length_or_format_is_not_ours():
    good = air.advertisement(False, 0, 1, 1)[25:]
    for bad in (b"", good[:-1], good + b"\x00", b"\x02" + good[1:], b"\x00" + good[1:]):
        assert air.read_state(bad) is None


def test_a_uuid_goes_over_the_air_last_byte_first():
    assert air.uuid_bytes("00112233-4455-6677-8899-aabbccddeeff") == bytes(
        [0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00]
    )


def test_a_name_is_whole_or_cut_to_what_fits():
    assert air.scan_response(b"ev-1") == b"\x05\x09ev-1"
    cut = air.scan_response(b"e" * 32)
    assert len(cut) == 31
    assert cut[:2] == b"\x1e\x08"


def test_settings_are_told_apart_and_never_zero():
    marks = [
        air.settings_mark(settings)
        for settings in ({}, {"volume": 3}, {"volume": 4}, {"volume": 3, "quiet": True}, {"volume": 3, "quiet": False})
    ]
    assert len(set(marks)) == len(marks)
    assert 0 not in marks
    assert air.settings_mark({"quiet": True, "volume": 3}) == air.settings_mark({"volume": 3, "quiet": True})
    assert air.settings_mark({"volume": 3, "quiet": None}) == air.settings_mark({"volume": 3})
    assert air.settings_mark({"quiet": True, "volume": 3}) == 0x1C4A
