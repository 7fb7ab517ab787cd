"""What a display of 128 × 64 dots should show, made from the font itself."""

from tools.device import glyphs
from tools.simulator import panel


def picture(*rows: str) -> list[str]:
    """The upper rows of letters as the font has them, each in the middle; `#` is a lit dot."""
    found = glyphs.dots(glyphs.FONT, set("".join(rows)))
    lines = []
    for row in rows:
        wide = [(found[letter], 8 if letter < "\u2600" else 16) for letter in row]
        left = (panel.WIDTH - sum(width for _, width in wide)) // 2
        for y in range(16):
            dots = "".join(format(rows[y], "016b")[:width] for rows, width in wide)
            lines.append((" " * left + dots.replace("0", " ").replace("1", "#")).ljust(panel.WIDTH))
    return lines
