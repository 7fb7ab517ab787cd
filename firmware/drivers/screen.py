"""The display. A board without one has this; another driver is named in /settings.json as `screen`.

Such a module has `open_screen(board, files)`, which makes an object with `show(face, now_ms)`: draw a Face
of apps.face. If it has more: `step(now_ms)` sends what is drawn and returns when to be called again, `broken` says
that nobody answers, `serve(clerk, stars)` tells who serves, and `off()` leaves it dark: a box that is short of memory
goes on without it.
"""


class Screen:
    """No display."""

    def show(self, face, now_ms):
        """There is nothing to draw on."""
