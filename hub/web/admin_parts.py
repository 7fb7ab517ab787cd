"""What the manager's pages say in more than one place."""

from collections.abc import Callable

Translate = Callable[[str], str]
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


def problem(title: str, detail: str, section: str) -> dict[str, str]:
    """One line under "what is wrong now", and the section where to look."""
    return {"title": title, "detail": detail, "section": section}


def role(name: str, _: Translate) -> str:
    """What kind of box it is."""
    return {"evaluator": _("evaluator"), "caller": _("caller"), "dispenser": _("dispenser")}.get(name, name)


def age(seconds: float, _: Translate) -> str:
    """In the largest unit that fits."""
    for size, words in ((DAY_S, _("{n} d")), (HOUR_S, _("{n} h")), (MINUTE_S, _("{n} min"))):
        if seconds >= size:
            return words.format(n=int(seconds // size))
    return _("{n} s").format(n=int(seconds))
