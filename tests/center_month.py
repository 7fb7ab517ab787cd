"""Three months of a county's two halls, seeded: something to report, to rank and to print."""

import random
from datetime import date, timedelta

from tests.center_support import OFFSET_MINUTES, Journal

MONTHS = ("2026-08", "2026-09", "2026-10")
DEPARTMENTS = {"1": "税务", "2": "公安户籍", "3": "人社", "4": "医保", "5": "不动产登记", "6": "市场监管"}
CONFIG = """
[http]
port = 0
[overview]
name = "青溪县政务服务中心"
name_en = "Qingxi County Service Center"
refresh_s = 1
[bulletin]
code = "青政务通"
[[halls]]
id = "qingxi"
name = "青溪县政务服务大厅"
name_en = "Qingxi County Hall"
region = "城关"
departments = { "1" = "税务", "2" = "公安户籍", "3" = "人社", "4" = "医保", "5" = "不动产登记", "6" = "市场监管" }
[[halls]]
id = "liuhe"
name = "柳河镇便民中心"
name_en = "Liuhe Town Station"
region = "柳河"
"""
# Of a hundred ratings at a window, how many of grades 1 to 5.
MIXES = {
    "1": (1, 1, 3, 20, 75),
    "2": (1, 2, 4, 23, 70),
    "3": (0, 0, 1, 9, 90),
    "4": (0, 0, 1, 14, 85),
    "5": (3, 5, 10, 32, 50),
    "6": (0, 1, 2, 17, 80),
}
NINE_MS = 9 * 3_600_000
EPOCH = date(1970, 1, 1)


def working_days(month: str) -> list[date]:
    """Monday to Friday."""
    first = date.fromisoformat(f"{month}-01")
    days = [first + timedelta(days=number) for number in range(31)]
    return [day for day in days if day.month == first.month and day.weekday() < 5]


def fill(journal: Journal, months: tuple[str, ...] = MONTHS, per_day: int = 14, seed: int = 7) -> Journal:
    """Days of a hall: clerks sign in, people take numbers, wait, are served, and some of them rate."""
    chance = random.Random(seed)
    windows = tuple(MIXES) if journal.hall == "qingxi" else ("1",)
    fact = 0
    for window in windows:
        device = {"device": f"{journal.hall}-ev{window}", "role": "evaluator", "window": window}
        journal.add("hall.device.online", device | {"detail": ""}, at_ms=midnight_ms(working_days(months[0])[0]))
    for month in months:
        for day in working_days(month):
            opens_ms = midnight_ms(day) + NINE_MS
            for window in windows:
                journal.add(
                    "hall.staff.signed_in", {"staff": f"s{window}", "window": window, "role": "A"}, at_ms=opens_ms
                )
            for number in range(per_day * len(windows)):
                fact += 1
                person(
                    journal, chance, chance.choice(windows), opens_ms + number * 240_000, f"{journal.hall}{fact}", fact
                )
            for window in windows:
                out = {"staff": f"s{window}", "window": window, "role": "A"}
                journal.add("hall.staff.signed_out", out, at_ms=opens_ms + 8 * 3_600_000)
            if day.weekday() == 0:
                tested = {
                    "device": f"{journal.hall}-ev1",
                    "role": "evaluator",
                    "window": "1",
                    "detail": {"keys_ok": 31},
                }
                journal.add("hall.device.key_tested", tested, at_ms=opens_ms)
    return journal


def midnight_ms(day: date) -> int:
    """When a day begins in the hall."""
    return (day - EPOCH).days * 86_400_000 - OFFSET_MINUTES * 60_000


def person(journal: Journal, chance: random.Random, window: str, at_ms: int, name: str, fact: int) -> None:
    """One citizen."""
    ticket, run, staff = f"t{name}", f"r{name}", f"s{window}"
    data = {"ticket": ticket, "number": f"A{fact % 1000:03}", "service": f"S{window}", "channel": "kiosk"}
    journal.add("hall.ticket.issued", data, at_ms=at_ms)
    waited_ms = int(chance.expovariate(1 / 500_000)) + 5000
    call = {"ticket": ticket, "window": window, "staff": staff, "waited_ms": waited_ms}
    journal.add("hall.ticket.called", call, at_ms=at_ms + waited_ms)
    if chance.random() < 0.03:
        journal.add(
            "hall.ticket.no_show", {"ticket": ticket, "window": window, "staff": staff}, at_ms=at_ms + waited_ms
        )
        return
    served_ms = int(chance.gauss(420_000, 150_000)) % 1_200_000
    end_ms = at_ms + waited_ms + served_ms
    done = {"ticket": ticket, "run": run, "window": window, "staff": staff, "service": f"S{window}"}
    journal.add("hall.ticket.finished", done | {"served_ms": served_ms, "outcome": "done"}, at_ms=end_ms)
    if chance.random() < 0.66:
        grade = chance.choices((1, 2, 3, 4, 5), MIXES[window])[0]
        rated = {"run": run, "grade": grade, "device": f"{journal.hall}-ev{window}", "epoch": "aa", "fact": fact}
        journal.add("hall.rating.submitted", rated | {"window": window, "staff": staff}, at_ms=end_ms + 4000)
