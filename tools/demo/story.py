"""What the demo says about itself while it runs: to the terminal, and in both languages to the page."""

from collections.abc import Callable
from typing import Final

from common import catalogue

TEXTS: Final = catalogue.LANGUAGES


class Story:
    """Says one line at a time and remembers the last for pages that are opened later."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._listeners: list[Callable[[dict[str, str]], None]] = []
        self.last: dict[str, str] = dict.fromkeys(TEXTS, "")

    def step(self, text: str) -> None:
        """A step of the set-up: for the terminal, in English."""
        self._show(text)

    def say(self, text: str, **values: str | int) -> None:
        """What happens in the hall: `text` is the English of the catalogue, with %(name)s for each value."""
        self.last = {language: translate(text, language) % values for language in TEXTS}
        for listener in self._listeners:
            listener(self.last)

    def hear(self, listener: Callable[[dict[str, str]], None]) -> None:
        """Calls `listener` with each line, by language."""
        self._listeners.append(listener)


def translate(text: str, language: str) -> str:
    """The text in a language; a missing Chinese text is a fault of ours, not of the reader."""
    translated = catalogue.translations(language).gettext(text)
    assert language == catalogue.ENGLISH or translated != text, f"common/catalogue/demo.zh_CN.po lacks {text!r}"
    return translated
