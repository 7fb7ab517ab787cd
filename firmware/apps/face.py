"""What an evaluator's display shows; the application says it, a driver draws it."""

# Notes under a face.
RECORDED = "recorded"
SAVED = "saved"


class Face:
    """What the display shows: `name` (a state), the number called, a note, the test's step, until when it waits."""

    def __init__(self, name, number="", note="", *, until_ms=None, wait_ms=0, step=0):
        self.name = name
        self.number = number
        self.note = note
        self.until_ms = until_ms
        self.wait_ms = wait_ms
        self.step = step

    def __repr__(self):
        return "Face(%r, %r, %r, step=%d)" % (self.name, self.number, self.note, self.step)
