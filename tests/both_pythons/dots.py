"""What our drawing needs of `framebuf`, for CPython, which has none: MONO_VLSB, after MicroPython's documentation."""

MONO_VLSB = 0


class FrameBuffer:
    def __init__(self, buffer, width, height, _format):
        self._buffer = buffer
        self._width = width
        self._height = height

    def pixel(self, x, y, color=None):
        if not (0 <= x < self._width and 0 <= y < self._height):
            return 0
        at = y // 8 * self._width + x
        if color is None:
            return self._buffer[at] >> y % 8 & 1
        self._buffer[at] = self._buffer[at] & ~(1 << y % 8) | (1 << y % 8 if color else 0)
        return None

    def fill(self, color):
        self.fill_rect(0, 0, self._width, self._height, color)

    def fill_rect(self, x, y, width, height, color):
        for row in range(y, y + height):
            for column in range(x, x + width):
                self.pixel(column, row, color)

    def rect(self, x, y, width, height, color):
        self.fill_rect(x, y, width, 1, color)
        self.fill_rect(x, y + height - 1, width, 1, color)
        self.fill_rect(x, y, 1, height, color)
        self.fill_rect(x + width - 1, y, 1, height, color)

    def blit(self, source, x, y, key=-1):
        for row in range(source._height):
            for column in range(source._width):
                color = source.pixel(column, row)
                if color != key:
                    self.pixel(x + column, y + row, color)
