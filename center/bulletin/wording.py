"""The notice's words in one language: titles, names of units and windows, definitions."""

import calendar
import gettext as translating
from collections.abc import Sequence
from datetime import date, datetime

from center.bulletin.figures import STAR_MONTHS, TOP, Notice
from center.config import Bulletin, Hall, Overview
from center.reports.keys import Key
from center.reports.ranking import LEAST_RANKED
from common import catalogue


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


CAUSES = {
    "attitude": _("how I was treated (attitude)"),
    "skill": _("they did not know how (skill)"),
    "function": _("not settled, sent back and forth (function)"),
    "procedure": _("too long, too many papers (procedure)"),
}


class Wording:
    """Words for one notice; settings give the issuer's name."""

    def __init__(self, language: str, overview: Overview, bulletin: Bulletin) -> None:
        self.language = language
        self.chinese = language == catalogue.CHINESE
        self._overview = overview
        self._bulletin = bulletin
        self._translations: translating.NullTranslations = catalogue.translations(language)

    def gettext(self, text: str) -> str:
        """A message in this language."""
        return self._translations.gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """A message with a number."""
        return self._translations.ngettext(one, many, count)

    def hall(self, hall: Hall) -> str:
        """A hall's name."""
        return hall.name if self.chinese else hall.name_en or hall.id

    def issuer(self, notice: Notice) -> str:
        """Who gives the notice out."""
        if notice.hall is not None:
            return self.hall(notice.hall)
        if self.chinese:
            return self._bulletin.issuer or self._overview.name
        return self._bulletin.issuer_en or self._overview.name_en

    def month(self, notice: Notice) -> str:
        """2025年10月, October 2025."""
        first = date.fromisoformat(f"{notice.month}-01")
        return f"{first.year}年{first.month}月" if self.chinese else f"{calendar.month_name[first.month]} {first.year}"

    def day(self, day: date) -> str:
        """2025年11月3日, 3 November 2025."""
        if self.chinese:
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {calendar.month_name[day.month]} {day.year}"

    def cause(self, name: str) -> str:
        """What was not good, in the words of the phone's page."""
        return self.gettext(CAUSES.get(name, name)) if name else self.gettext("none given")

    @staticmethod
    def moment(text: str) -> datetime:
        """A date as a file's property."""
        return datetime.fromisoformat(text)

    def title(self, notice: Notice) -> str:
        """The notice's title."""
        _ = self.gettext
        return _("Good and bad ratings of the services in %(month)s") % {"month": self.month(notice)}

    def number(self, notice: Notice) -> str | None:
        """青政务通〔2025〕10号; None where the settings give no code."""
        if not self._bulletin.code:
            return None
        year, month = notice.month.split("-")
        return f"{self._bulletin.code}〔{year}〕{int(month)}号"

    def unit_word(self, notice: Notice) -> str:
        """What the units are."""
        _ = self.gettext
        return _("Hall") if notice.units_by == "hall" else _("Department")

    def unit(self, notice: Notice, key: Key) -> str:
        """A hall's or a department's name."""
        _ = self.gettext
        if notice.units_by == "hall":
            return next((self.hall(hall) for hall in notice.halls if hall.id == key[0]), key[0] or "—")
        return key[-1] or _("no department set")

    def window(self, notice: Notice, key: Key, short: bool = False) -> str:
        """A window with its department unless it is to be short, and its hall where there are several."""
        _ = self.gettext
        name = _("no window") if key[1] is None else _("Window %(window)s") % {"window": key[1]}
        parts = [name, "" if short else notice.department(key) or ""]
        if len(notice.halls) > 1:
            parts.insert(0, next((self.hall(hall) for hall in notice.halls if hall.id == key[0]), key[0] or ""))
        return ("\u3000" if self.chinese else ", ").join(part for part in parts if part)

    def devices(self, notice: Notice, names: Sequence[str]) -> list[str]:
        """Boxes by their names; with several halls each with its hall."""
        return list(names) if len(notice.halls) > 1 else [name.partition("/")[2] for name in names]

    def grade(self, grade: int) -> str:
        """A grade's name."""
        _ = self.gettext
        names = (_("very dissatisfied"), _("dissatisfied"), _("fairly satisfied"), _("satisfied"), _("very satisfied"))
        return names[grade - 1]

    def ranking_rule(self) -> str:
        """How windows are ranked."""
        _ = self.gettext
        return _("By the lower bound of the 95%% interval; none is ranked under %(least)s ratings") % {
            "least": LEAST_RANKED
        }

    def definitions(self, notice: Notice) -> list[str]:
        """What each figure means."""
        _ = self.gettext
        return [
            _("Evaluation rate = rated / finished; the unrated stand in its denominator alone.")
            + _(" Satisfaction rate = (very satisfied + satisfied + fairly satisfied) / rated."),
            _("Points: 10, 8, 6, 3, 0 for the five grades, and their mean."),
            self.ranking_rule() + _(" (Wilson's score interval of the mean points)."),
            _("Red flag: the first of the month. Five stars: among the first %(top)s in %(months)s months running.")
            % {"top": TOP, "months": STAR_MONTHS},
            _("Median, shares and longest times are exact to the second up to 34 minutes, and to a thousandth above."),
            _("Every figure can be made again from the halls' records: tingting center export, then verify."),
        ]
