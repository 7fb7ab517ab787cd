"""What is said of a call, as a hall says it: letters, then digit by digit; the window by its value."""

import re
from dataclasses import dataclass

from common.catalogue import CHINESE, translations

_DIGITS = "零一二三四五六七八九"
_YAO = "幺"  # 1 in rows of digits where it must not be taken for 七 (say_yao in the settings)
_ENGLISH = "zero one two three four five six seven eight nine".split()
_NUMBER = re.compile(r"([A-Za-z]*)([0-9]*)(.*)", re.DOTALL)
_VALUE = re.compile(r"[0-9]{1,4}")
_TENS = ("", "十", "百", "千")


@dataclass(frozen=True, slots=True)
class Place:
    """A window as it is called out: `name` Chinese (3号窗口), `name_en` English, empty where there is none."""

    name: str
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in a language of the catalogue."""

    lang: str
    text: str


def ticket(number: str, lang: str, yao: bool = False) -> str:
    """A ticket's number as it is read: A012 → A零一二, or A, zero one two."""
    letters, digits, rest = _NUMBER.fullmatch(number).groups()  # type: ignore[union-attr]  # it matches any text
    if lang == CHINESE:
        read = "".join(_YAO if yao and sign == "1" else _DIGITS[int(sign)] for sign in digits)
        return " ".join(letters.upper()) + read + rest
    return ", ".join(filter(None, (" ".join(letters.upper()), " ".join(_ENGLISH[int(sign)] for sign in digits)))) + rest


def value(number: int) -> str:
    """0 to 9999 as Chinese counts: 12 → 十二, 105 → 一百零五."""
    if number == 0:
        return _DIGITS[0]
    out, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(out)
            continue
        out += ("零" if gap else "") + _DIGITS[digit] + _TENS[place]
        gap = False
    return out.removeprefix("一") if 10 <= number < 20 else out


def window(place: Place, lang: str) -> str:
    """A window's name with its number as a value: 12号窗口 → 十二号窗口."""
    if lang == CHINESE:
        return _VALUE.sub(lambda found: value(int(found[0])), place.name)
    if place.name_en:
        return place.name_en
    found = _VALUE.search(place.name)
    return translations(lang).gettext("window %(number)s") % {"number": found[0] if found else place.name}


def sentence(number: str, place: Place, lang: str, *, recall: bool = False, yao: bool = False) -> Sentence:
    """What is said of one call in one language; a recall says that it is one."""
    _ = translations(lang).gettext
    said = {"number": ticket(number, lang, yao), "window": window(place, lang)}
    if recall:
        return Sentence(lang, _("Calling again: number %(number)s, please go to %(window)s") % said)
    return Sentence(lang, _("Number %(number)s, please go to %(window)s") % said)
