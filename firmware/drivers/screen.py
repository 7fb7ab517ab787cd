"""The display. A board without one has this; another driver is named in /settings.json as `screen`."""


class Screen:
    """A driver's whole duty: `show(face, now_ms)` draws an apps.evaluator.Face; `step(now_ms)` moves the bar on."""

    def show(self, face, now_ms):
        """There is nothing to draw on."""
