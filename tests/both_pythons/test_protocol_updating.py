"""What an update's manifest is and which one is older, against golden examples, on both Pythons."""

import json
from binascii import hexlify, unhexlify
from hashlib import sha256

from protocol import updating as u
from protocol.errors import MessageError

with open("protocol/vectors/update.json") as vectors:
    VECTORS = json.load(vectors)
with open("protocol/vectors/handshake.json") as vectors:
    SECRET = unhexlify(json.load(vectors)["secret"])
TEXT = VECTORS["manifest"].encode()


def refused(data):
    try:
        u.read_manifest(data)
    except MessageError:
        return True
    return False


def test_a_manifest_is_read_and_written():
    head, files = u.read_manifest(TEXT)
    assert list(head) == VECTORS["head"]
    assert [[size, digest.decode(), path] for size, digest, path in files] == VECTORS["files"]
    assert u.write_manifest(head[0], head[1], head[2], head[3], files) == TEXT


def test_the_mac_is_that_of_the_vectors():
    key = u.update_key(SECRET)
    assert hexlify(key).decode() == VECTORS["update_key"]
    digest = sha256(TEXT).digest()
    assert hexlify(digest).decode() == VECTORS["digest"]
    for flags in (0, u.FLAG_OLDER):
        assert hexlify(u.update_mac(key, flags, digest)).decode() == VECTORS["mac"][flags]


def test_bad_manifests_are_refused():
    assert len(VECTORS["bad"]) >= 11
    for case in VECTORS["bad"]:
        assert refused(case["manifest"].encode()), case["why"]
    for size in range(len(TEXT)):  # whole lines of it are a manifest with fewer files: the MAC and the signature tell
        assert refused(TEXT[:size]) or TEXT[size - 1 : size] == b"\n", size
    assert refused(TEXT + b"x" * u.MAX_MANIFEST)


def test_what_would_be_refused_is_not_written():
    for path in ("/firmware/x", "../x", "firmware//x", "firmware/x y", "x/", "x" * 65, ""):
        try:
            u.write_manifest("0.1.0", 1, "evaluator", "rpi_pico", [(1, b"0" * 64, path)])
        except MessageError:
            continue
        raise AssertionError(path)


def test_an_update_is_as_large_as_allowed_and_no_larger():
    def written(count, size):
        files = [(size, b"0" * 64, "f%d" % number) for number in range(count)]
        return u.write_manifest("0.1.0", 1, "evaluator", "rpi_pico", files)

    for count, size in ((1, 1), (u.MAX_FILES, 1), (1, u.MAX_FILE_BYTES)):
        _, files = u.read_manifest(written(count, size))
        assert (len(files), files[-1][0]) == (count, size)
    for count, size in ((0, 1), (u.MAX_FILES + 1, 1), (1, 0), (1, u.MAX_FILE_BYTES + 1)):
        try:
            written(count, size)
        except MessageError:
            continue
        raise AssertionError((count, size))


def test_older_is_the_release_and_then_the_time():
    order = u.order
    assert u.older(order("0.9.9", 9), order("0.10.0", 1))
    assert not u.older(order("0.10.0", 1), order("0.9.9", 9))
    assert u.older(order("1.0.0+x", 1), order("1.0.0+y", 2))
    assert not u.older(order("1.0.0+x", 5), order("1.0.0+y", 0))
