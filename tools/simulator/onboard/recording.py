"""A flash that also writes down every change, for tests that cut the power after each; loaded only where one asks."""

from onboard import flash


class Flash(flash.Flash):
    """Its file takes where, how long (u32 each, little-endian) and the bytes of each erase and program."""

    def __init__(self, board, *arguments):
        super().__init__(board, *arguments)
        self._record = open(board.config["record_the_flash"], "ab")  # noqa: SIM115 - open as long as the board

    def _change(self, kind, block, at, data, duration_us):
        # Before it is done: whoever reads it has all that the image may hold.
        self._record.write(at.to_bytes(4, "little") + len(data).to_bytes(4, "little"))
        self._record.write(data)
        self._record.flush()
        super()._change(kind, block, at, data, duration_us)
