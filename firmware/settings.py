"""/settings.json: who this box is. Written by `tingting device provision`, read once at boot. Both Pythons."""

import json
from binascii import unhexlify
from collections import namedtuple

PATH = "/settings.json"
_LINKS = ("uart", "usb", "ble")
_KEYS = ("four",)  # an older caller; without it a caller has its whole keypad


class SettingsError(Exception):
    """The settings can't be used; the text names the file, the key and what is allowed."""


# Checked: secret has 32 bytes, epoch 8; screen and keys may be None. A tuple, for an object of a class of this file
# would keep all of its code in memory.
Settings = namedtuple(
    "Settings", ("device", "role", "board", "window_label", "secret", "epoch", "link", "screen", "keys")
)


class _Check:
    """Takes values one by one, or says what is allowed."""

    def __init__(self, values, path):
        self._values = values
        self._path = path

    def _wrong(self, key, allowed):
        # Never the value: it may be a secret.
        return SettingsError("%s: `%s` must be %s; provision the box again" % (self._path, key, allowed))

    def has(self, key):
        return self._values.get(key) is not None

    def text(self, key, limit, empty=False):
        value = self._values.get(key)
        if not isinstance(value, str) or len(value.encode()) > limit or not (value or empty):
            raise self._wrong(key, "a text of %d to %d bytes" % (0 if empty else 1, limit))
        return value

    def choice(self, key, words):
        value = self._values.get(key)
        if value not in words:
            raise self._wrong(key, "one of " + ", ".join(words))
        return value

    def hexadecimal(self, key, size):
        value = self._values.get(key)
        if isinstance(value, str) and len(value) == 2 * size:
            try:
                return unhexlify(value)
            except ValueError:
                pass  # said below, in the same words as every other way to be wrong
        raise self._wrong(key, "%d hexadecimal digits" % (2 * size))


def _checked(values, role, path):
    check = _Check(values, path)
    device = check.text("device", 32)
    provisioned = check.text("role", 16)
    if provisioned != role:
        raise SettingsError(
            "%s: this box is provisioned as %s and has the firmware of %s; flash it as %s, or provision it as %s"
            % (path, provisioned, role, provisioned, role)
        )
    board = check.text("board", 32)
    window_label = check.text("window_label", 64, empty=True)
    link = check.choice("link", _LINKS)
    secret = check.hexadecimal("secret", 32)
    epoch = check.hexadecimal("epoch", 8)
    screen = check.text("screen", 64) if check.has("screen") else None
    keys = check.choice("keys", _KEYS) if check.has("keys") else None
    return Settings(device, role, board, window_label, secret, epoch, link, screen, keys)


def load(role, path=PATH):
    """The settings for a box with this role's firmware, or SettingsError."""
    try:
        with open(path) as file:
            values = json.load(file)
    except OSError:
        raise SettingsError("%s can't be read: this box was never provisioned (tingting device provision)" % path)
    except ValueError:
        raise SettingsError("%s is no JSON; provision the box again" % path)
    if not isinstance(values, dict):
        raise SettingsError("%s holds no JSON object; provision the box again" % path)
    return _checked(values, role, path)


def board_of(path=PATH):
    """The board's name as far as unusable settings still tell it, or None; to blink the right LED with."""
    try:
        with open(path) as file:
            return json.load(file)["board"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
