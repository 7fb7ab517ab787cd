"""Small turns of phrase that several pages share."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

WEEKDAYS_EN = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS_EN = "January February March April May June July August September October November December".split()
_WEEKDAYS = "一二三四五六日"
_LABEL = re.compile(r"[0-9]{1,3}")


def clock(minute: int) -> str:
    """9:00."""
    return f"{minute // 60}:{minute % 60:02d}"


def day_zh(day: date) -> str:
    """11月24日（星期一）."""
    return f"{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def day_en(day: date) -> str:
    """Monday, 24 November."""
    return f"{WEEKDAYS_EN[day.weekday()]}, {day.day} {MONTHS_EN[day.month - 1]}"


def label(name: str) -> str:
    """What stands large for a window: the 5 of 5号窗口, else its whole name."""
    found = _LABEL.search(name)
    return found[0] if found else name


def ranges(labels: Iterable[str]) -> str:
    """Windows as people say them: 8–10、12."""
    listed = list(dict.fromkeys(labels))
    numbers = sorted({int(each) for each in listed if each.isdigit()})
    out: list[str] = [each for each in listed if not each.isdigit()]
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return "、".join([_span(span) for span in spans] + out)


def _span(span: Sequence[int]) -> str:
    return str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}" if len(span) > 2 else f"{span[0]}、{span[1]}"


_NOTE = re.compile(r"[（(](.*)[)）]\s*$")
_NOT_NEEDED = ("不用", "无需", "不需", "No ", "Not ")


class Item(NamedTuple):
    """A line of a disclosure: its words, what stands in brackets behind them, and whether it is to be brought."""

    text: str
    note: str
    needed: bool


def items(text: str) -> list[Item]:
    """A disclosure's lines."""
    out = []
    for line in filter(None, map(str.strip, text.splitlines())):
        note = _NOTE.search(line)
        words = line[: note.start()].strip() if note else line
        out.append(Item(words or line, note[1] if note and words else "", not line.startswith(_NOT_NEEDED)))
    return out


def papers(text: str, between: str) -> str:
    """What to bring, in one line."""
    return between.join(each.text for each in items(text) if each.needed)


_FIGURE = re.compile(r"([0-9]+(?:[.–-][0-9]+)?)\s*(.*)", re.DOTALL)


class Figure(NamedTuple):
    """A disclosure that is a number: 10 个工作日（法定 60 日）; number is empty where there is none."""

    number: str
    unit: str
    note: str


def figure(text: str) -> Figure:
    """A promised time or a fee, for large type."""
    first = items(text)
    if not first:
        return Figure("", "", "")
    found = _FIGURE.fullmatch(first[0].text)
    more = "；".join([first[0].note, *(each.text for each in first[1:])]).strip("；")
    return Figure(found[1], found[2], more) if found else Figure("", first[0].text, more)
