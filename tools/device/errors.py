"""The root of this room's errors."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Self

Speak = Callable[[str], str]  # English text → the language asked for

BROKEN_OFF: Final = 130  # as a shell says it of a program that Ctrl-C ended


class DeviceError(Exception):
    """A box could not be flashed, provisioned or listed; the text says why and what to do.

    `message` is in English, with places like %(port)s for the values; the catalogue has its Chinese. A value may be an
    error of this room itself.
    """

    code = "failed"  # for --json: docs/reference/device-json.md

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values

    @classmethod
    def worded(cls, message: str, values: dict[str, object]) -> Self:
        """With the words of another room's error, which the catalogue has as well."""
        return cls(message, **values)

    def about(self, **values: object) -> Self:
        """The same error, of these values."""
        return type(self)(self.message, **values)

    def said(self, speak: Speak) -> str:
        """The text in the language asked for."""
        text = speak(self.message)
        return text % {name: spoken(value, speak) for name, value in self.values.items()} if self.values else text


class PortError(DeviceError):
    """Nothing at the port can be worked with: it isn't there, is in use, or no MicroPython answers."""

    code = "port"


class ImageError(DeviceError):
    """A file that was given is not what the box needs; nothing was written."""

    code = "wrong_file"


class HubRefusedError(DeviceError):
    """The hub does not do what was asked."""

    code = "hub_refuses"
    problem: Mapping[str, Any] = MappingProxyType({})  # as the hub said it (RFC 9457)


class HubAwayError(HubRefusedError):
    """No hub answers there."""

    code = "hub_away"


class NoRightError(HubRefusedError):
    """There is no token, or it opens no such door."""

    code = "no_right"

    __slots__ = ()


def spoken(value: object, speak: Speak) -> object:
    """A value of an error in the language of the error."""
    return value.said(speak) if isinstance(value, DeviceError) else value
