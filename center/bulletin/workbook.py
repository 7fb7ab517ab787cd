"""The notice as .xlsx: figures as numbers, rates as formulas over both their numbers."""

from io import BytesIO
from typing import Any

import xlsxwriter

from center.bulletin.figures import Notice, month_dates
from center.bulletin.wording import Wording
from center.counting import GRADES
from center.reports.ratings import satisfied
from center.store.answers import Tally

RATE, POINTS, PLAIN = "0.00%", "0.00", "#,##0"


class _Sheet:
    """One sheet: a title, a head, rows; columns are as wide as their head asks."""

    def __init__(self, book: Any, name: str, title: str, head: list[str]) -> None:
        self._sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._formats = {kind: book.add_format({"num_format": kind}) for kind in (RATE, POINTS, PLAIN)}
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
        for column, label in enumerate(head):
            self._sheet.write_string(2, column, label, bold)
            self._sheet.set_column(column, column, 26 if column == 0 else 13)
        self._sheet.freeze_panes(3, 1)
        self.row = 3

    def add(self, *cells: str | int | float | tuple[str, str, float] | None) -> None:
        """A row: text, a whole number, points, or (formula, format, its value)."""
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                # Never a formula: names come from settings and boxes.
                self._sheet.write_string(self.row, column, cell, self._text)
            elif isinstance(cell, tuple):
                formula, kind, value = cell
                self._sheet.write_formula(self.row, column, formula, self._formats[kind], value)
            else:
                kind = PLAIN if isinstance(cell, int) else POINTS
                self._sheet.write_number(self.row, column, cell, self._formats[kind])
        self.row += 1

    def rate(self, numerator: str, denominator: str, values: tuple[int, int]) -> tuple[str, str, float] | None:
        """A rate as a formula over two columns of the row that is written next."""
        if not values[1]:
            return None
        line = self.row + 1
        return f"={numerator}{line}/{denominator}{line}", RATE, values[0] / values[1]


def workbook(notice: Notice, wording: Wording) -> bytes:
    """The whole file."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # The same figures are the same bytes.
    first = month_dates(notice.month)[0]
    book.set_properties({"title": wording.title(notice), "created": wording.moment(first)})
    _ratings(book, notice, wording)
    _ranking(book, notice, wording)
    _waiting(book, notice, wording)
    _definitions(book, notice, wording)
    book.close()
    return content.getvalue()


def _ratings(book: Any, notice: Notice, wording: Wording) -> None:
    _ = wording.gettext
    grades = [wording.grade(grade) for grade in reversed(GRADES)]
    head = [
        wording.unit_word(notice),
        _("Finished"),
        _("Rated"),
        _("Evaluation rate"),
        _("Satisfied"),
        _("Satisfaction rate"),
        *grades,
        _("Unrated"),
        _("Mean points"),
        _("Set aside"),
    ]
    sheet = _Sheet(book, _("Units"), wording.title(notice), head)
    for tally in notice.units:
        _rating_row(sheet, wording.unit(notice, tally.key), tally)
    _rating_row(sheet, _("Total"), notice.total)


def _rating_row(sheet: _Sheet, name: str, tally: Tally) -> None:
    happy = satisfied(tally.grades)
    mean = None
    if tally.rated:
        line = sheet.row + 1
        value = (10 * tally.grades[4] + 8 * tally.grades[3] + 6 * tally.grades[2] + 3 * tally.grades[1]) / tally.rated
        mean = (f"=(10*G{line}+8*H{line}+6*I{line}+3*J{line})/C{line}", POINTS, value)
    sheet.add(
        name,
        tally.served,
        tally.rated,
        sheet.rate("C", "B", (tally.rated, tally.served)),
        happy,
        sheet.rate("E", "C", (happy, tally.rated)),
        *(tally.grades[grade - 1] for grade in reversed(GRADES)),
        tally.served - tally.rated,
        mean,
        tally.aside,
    )


def _ranking(book: Any, notice: Notice, wording: Wording) -> None:
    _ = wording.gettext
    head = [_("Window"), _("Rank"), _("Rated"), _("Mean points"), _("Lower bound"), _("Upper bound"), _("Finished")]
    sheet = _Sheet(book, _("Windows"), wording.ranking_rule(), head)
    for one in notice.ranked:
        bounds = one.interval
        ranked = one.rank is not None
        sheet.add(
            wording.window(notice, one.key),
            one.rank if one.rank is not None else "—",
            bounds.count,
            bounds.mean,
            bounds.low if ranked else None,
            bounds.high if ranked else None,
            one.tally.served,
        )


def _waiting(book: Any, notice: Notice, wording: Wording) -> None:
    _ = wording.gettext
    sheet = _Sheet(book, _("Waiting time"), wording.title(notice), [_("Figure"), _("Value")])
    times = notice.times
    rows = (
        (_("Numbers taken"), times.tickets),
        (_("Called"), times.called),
        (_("No-shows"), times.no_shows),
        (_("Gave up before the call"), times.left),
    )
    for name, value in rows:
        sheet.add(name, value)
    shares = ((1, 2), (9, 10), (99, 100), (1, 1))
    for kind, histogram in ((_("Waiting time"), times.waiting), (_("Serving time"), times.serving)):
        mean_ms = histogram.mean_ms
        found = histogram.percentiles_ms(shares)
        labels = (_("mean"), _("median"), _("nine in ten within"), _("99 in 100 within"), _("longest"))
        for label, ms in zip(labels, (mean_ms, *found), strict=True):
            sheet.add(
                _("%(kind)s, %(label)s, minutes") % {"kind": kind, "label": label}, None if ms is None else ms / 60000
            )


def _definitions(book: Any, notice: Notice, wording: Wording) -> None:
    _ = wording.gettext
    sheet = _Sheet(book, _("Definitions"), wording.title(notice), [_("Definition")])
    for line in wording.definitions(notice):
        sheet.add(line)
    for end in notice.rests_on:
        sheet.add(f"{end['hall']} {end['journal']} {end['stored_through']} {end['chain']}")
