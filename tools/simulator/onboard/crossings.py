"""Stands in for a matrix of keys: a key that is held joins its row to its column. Only boards with one load this."""

from onboard import kinds
from onboard import link as _link
from onboard.machine import Pin

_board = _link.link
_value = Pin.value
_show = Pin._show
_rows = {row for row, _ in _board.config["matrix"]}
_held = {}  # column → rows


def _low(row):
    pad = Pin._pads.get(row)
    return pad is not None and pad._mode != Pin.IN and not pad._level


def _feel(pin, level=None):
    if level is None and pin._mode == Pin.IN:
        _board.serve()
        for row in _held.get(pin._number, ()):
            if _low(row):
                return 0
    return _value(pin, level)


def _show_others(pin):
    """Rows move at every scan, and nobody sees them."""
    if pin._number not in _rows:
        _show(pin)


def take(row, column, held):
    """A key goes down or up."""
    rows = _held.setdefault(column, [])
    if held:
        rows.append(row)
    elif row in rows:
        rows.remove(row)
    watcher = _board.watchers.get(column)
    if watcher and _low(row):
        watcher(*((kinds.RELEASED, 0) if held else (0, kinds.RELEASED)))


Pin.value = _feel
Pin._show = _show_others
for crossing in _board.config["crossed"]:
    take(crossing[0], crossing[1], True)
_board.cross = take
