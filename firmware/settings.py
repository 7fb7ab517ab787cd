"""/settings.json: who this box is. Written by `tingting device provision`, read once at boot. Both Pythons."""

import json
from binascii import unhexlify

PATH = "/settings.json"
_LINKS = ("uart", "usb", "ble")
_KEYS = ("four",)  # an older caller; without it a caller has its whole keypad


class SettingsError(Exception):
    """The settings can't be used; the text names the file, the key and what is allowed."""


class Settings:
    """Checked: device, role, board, window_label, secret (32 bytes), epoch (8), link; screen and keys, or None."""

    def __init__(self, values, role, path=PATH):
        self._path = path
        self.device = self._text(values, "device", 32)
        self.role = self._text(values, "role", 16)
        if self.role != role:
            raise SettingsError(
                "%s: this box is provisioned as %s and has the firmware of %s; flash it as %s, or provision it as %s"
                % (path, self.role, role, self.role, role)
            )
        self.board = self._text(values, "board", 32)
        self.window_label = self._text(values, "window_label", 64, empty=True)
        self.link = self._choice(values, "link", _LINKS)
        self.secret = self._hex(values, "secret", 32)
        self.epoch = self._hex(values, "epoch", 8)
        self.screen = self._text(values, "screen", 64) if values.get("screen") is not None else None
        self.keys = self._choice(values, "keys", _KEYS) if values.get("keys") is not None else None

    def _wrong(self, key, allowed):
        # Never the value: it may be a secret.
        return SettingsError("%s: `%s` must be %s; provision the box again" % (self._path, key, allowed))

    def _text(self, values, key, limit, empty=False):
        value = values.get(key)
        if not isinstance(value, str) or len(value.encode()) > limit or not (value or empty):
            raise self._wrong(key, "a text of %d to %d bytes" % (0 if empty else 1, limit))
        return value

    def _choice(self, values, key, words):
        value = values.get(key)
        if value not in words:
            raise self._wrong(key, "one of " + ", ".join(words))
        return value

    def _hex(self, values, key, size):
        value = values.get(key)
        if isinstance(value, str) and len(value) == 2 * size:
            try:
                return unhexlify(value)
            except ValueError:
                pass  # said below, in the same words as every other way to be wrong
        raise self._wrong(key, "%d hexadecimal digits" % (2 * size))


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
    return Settings(values, role, path)


def board_of(path=PATH):
    """The board's name as far as unusable settings still tell it, or None; to blink the right LED with."""
    try:
        with open(path) as file:
            return json.load(file)["board"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
