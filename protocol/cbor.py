"""A subset of CBOR (RFC 8949) in its deterministic form (§4.2.1), checked on the way in.

Integers −2⁶⁴ … 2⁶⁴−1, byte strings, UTF-8 text, arrays, maps with integer keys, true, false, null; definite lengths,
shortest heads, keys in the order of their encoded bytes, none twice. No floats, no tags, nothing after the end.
"""

from protocol.compat import TYPE_CHECKING, const, utf8
from protocol.errors import CborError, MisuseError

if TYPE_CHECKING:
    from protocol.compat import Any

MAX_DEPTH = const(8)  # containers inside each other; our messages use three
_FALSE = const(0xF4)
_TRUE = const(0xF5)
_NULL = const(0xF6)
_TOP = 0xFFFFFFFFFFFFFFFF


def encode(value: "Any") -> bytes:
    """The one encoding of a value; raises `MisuseError` for what the subset doesn't hold."""
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


def decode(data: bytes) -> "Any":
    """The value that `data` is, all of it; raises `CborError`."""
    value, end = _read(bytes(data), 0, 0)
    if end != len(data):
        raise CborError("%d bytes after the end" % (len(data) - end))
    return value


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major | number)
    elif number < 0x100:
        out.append(major | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(major | 25)
        out.extend(number.to_bytes(2, "big"))
    elif number < 0x100000000:
        out.append(major | 26)
        out.extend(number.to_bytes(4, "big"))
    elif number <= _TOP:
        out.append(major | 27)
        out.extend(number.to_bytes(8, "big"))
    else:
        raise MisuseError("an integer beyond 64 bits")


def _order(key: int) -> "tuple[bool, int]":
    return (key < 0, key if key >= 0 else -1 - key)


def _write(out: bytearray, value: "Any", depth: int) -> None:
    if value is None:
        out.append(_NULL)
    elif value is True:
        out.append(_TRUE)
    elif value is False:
        out.append(_FALSE)
    elif isinstance(value, int):
        if value >= 0:
            _head(out, 0x00, value)
        else:
            _head(out, 0x20, -1 - value)
    elif isinstance(value, (bytes, bytearray)):
        _head(out, 0x40, len(value))
        out.extend(value)
    elif isinstance(value, str):
        text = _text_bytes(value)
        _head(out, 0x60, len(text))
        out.extend(text)
    elif depth >= MAX_DEPTH:
        raise MisuseError("more than %d containers inside each other" % MAX_DEPTH)
    elif isinstance(value, (list, tuple)):
        _head(out, 0x80, len(value))
        for item in value:
            _write(out, item, depth + 1)
    elif isinstance(value, dict):
        for key in value:
            if type(key) is not int:
                raise MisuseError("a map key that is no integer: %r" % (key,))
        _head(out, 0xA0, len(value))
        keys = sorted(value)
        if keys and keys[0] < 0:
            keys.sort(key=_order)
        for key in keys:
            # Nearly every key, and every other value, is one byte below 24: written here, without a call.
            if 0 <= key < 24:
                out.append(key)
            else:
                _write(out, key, depth + 1)
            item = value[key]
            if type(item) is int and 0 <= item < 24:
                out.append(item)
            else:
                _write(out, item, depth + 1)
    else:
        raise MisuseError("no CBOR here for %s" % type(value))


def _text_bytes(text: str) -> bytes:
    try:
        data = text.encode()
        utf8(data)
    except ValueError:  # a lone surrogate: an encode error on CPython, found by utf8() on MicroPython
        raise MisuseError("text with a lone surrogate")
    return data


def _argument(data: bytes, at: int, low: int) -> "tuple[int, int]":
    """The number in a head whose first byte is behind us, and where it ends."""
    if low < 24:
        return low, at
    if low > 27:
        raise CborError("an indefinite or reserved length at byte %d" % (at - 1))
    size = 1 << (low - 24)
    end = at + size
    if end > len(data):
        raise CborError("the data ends inside a head")
    number = int.from_bytes(data[at:end], "big")
    if number < 24 or (size > 1 and number >> (size << 2) == 0):
        raise CborError("a number at byte %d that isn't in its shortest form" % (at - 1))
    return number, end


def _read(data: bytes, at: int, depth: int) -> "tuple[Any, int]":
    if at >= len(data):
        raise CborError("the data ends before its value")
    first = data[at]
    at += 1
    major = first >> 5
    if major == 7:
        if first == _FALSE:
            return False, at
        if first == _TRUE:
            return True, at
        if first == _NULL:
            return None, at
        raise CborError("a float or a simple value that we don't use, at byte %d" % (at - 1))
    low = first & 0x1F
    if low < 24:
        number = low
    else:
        number, at = _argument(data, at, low)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major == 6:
        raise CborError("a tag at byte %d" % (at - 1))
    if number > len(data) - at:
        # Every item has at least one byte, so this also stops a count that would eat memory.
        raise CborError("a length of %d with %d bytes left" % (number, len(data) - at))
    if major == 2:
        return data[at : at + number], at + number
    if major == 3:
        try:
            return utf8(data[at : at + number]), at + number
        except ValueError:
            raise CborError("text at byte %d that is no UTF-8" % at)
    if depth >= MAX_DEPTH:
        raise CborError("more than %d containers inside each other" % MAX_DEPTH)
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _read(data, at, depth + 1)
            items.append(item)
        return items, at
    return _read_map(data, at, depth, number)


def _read_map(data: bytes, at: int, depth: int, count: int) -> "tuple[dict[int, Any], int]":
    entries: dict[int, Any] = {}
    size = len(data)
    previous = -1
    for _ in range(count):
        start = at
        # Nearly every key, and every other value, is one byte below 24: read here, without a call.
        if at < size and data[at] < 24:
            key = rank = data[at]
            at += 1
        else:
            if at < size and data[at] >> 5 > 1:
                raise CborError("a map key at byte %d that is no integer" % at)
            key, at = _read(data, at, depth + 1)
            rank = key if key >= 0 else _TOP - key  # the order of their shortest forms: negative ones come last
        if rank <= previous:
            raise CborError("a map key at byte %d that is out of order or there twice" % start)
        previous = rank
        if at < size and data[at] < 24:
            entries[key] = data[at]
            at += 1
        else:
            entries[key], at = _read(data, at, depth + 1)
    return entries, at
