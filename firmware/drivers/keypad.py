"""A matrix of keys as pins of its crossings: firmware.drivers.keys debounces them as any others.

At rest every row is held low, so that any key pulls its column down and wakes the box; to look at one key, its row
alone is.
"""

from firmware.drivers.keys import Keys


class Crossing:
    """A key: low when it joins its row to its column."""

    def __init__(self, pad, row, column):
        self._pad = pad
        self._row = row
        self._column = column

    def value(self):
        """0 when pressed."""
        self._pad.select(self._row)
        return self._column.value()


class Keypad:
    """`rows`: open-drain outputs; `columns`: inputs with pull-ups; `pins`: the crossings, row by row."""

    def __init__(self, rows, columns):
        self._rows = rows
        self._selected = None
        self.pins = [Crossing(self, row, column) for row in rows for column in columns]
        self.rest()

    def select(self, row):
        """Only this row is low."""
        if row is not self._selected:
            for other in self._rows:
                other.value(0 if other is row else 1)
            self._selected = row

    def rest(self):
        """All rows are low: whichever key is pressed is felt."""
        for row in self._rows:
            row.value(0)
        self._selected = None


class MatrixKeys(Keys):
    """Keys at the crossings. Looking at them moves the columns, which must not count as somebody's finger."""

    def __init__(self, rows, columns, names, now_ms):
        self._pad = Keypad(rows, columns)
        self.deaf = True
        Keys.__init__(self, self._pad.pins, names, now_ms)
        self._pad.rest()
        self.deaf = False

    def scan(self, now_ms, blind=False):
        """As Keys.scan, every row in its turn."""
        self.deaf = True
        events = Keys.scan(self, now_ms, blind)
        self._pad.rest()
        self.deaf = False
        return events
