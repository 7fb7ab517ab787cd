"""Slips as pictures, dot for dot as a thermal head burns them: 12 × 24 letters, 24 × 24 hanzi, QR modules."""

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from common.paper.decoder import DOTS
from common.paper.errors import PaperError
from common.paper.slips import Feed, Line, QrCode, Run, Slip

FONTS = Path("/usr/share/fonts/opentype/noto")  # Debian's fonts-noto-cjk
_SIMPLIFIED = 2  # of the faces in one file: JP, KR, SC, TC, HK
CELL = 24  # dots: the height of a line, the width of a hanzi
_LETTER = 12
_LINE = 30  # a line with its space, ESC/POS' default
_MARGIN = 24
_THRESHOLD = 140  # a dot is burnt or not


@cache
def _font(bold: bool, dots: int) -> ImageFont.FreeTypeFont:
    path = FONTS / f"NotoSansCJK-{'Bold' if bold else 'Regular'}.ttc"
    try:
        return ImageFont.truetype(str(path), dots, index=_SIMPLIFIED)
    except OSError as error:
        raise PaperError(f"{path} can't be used ({error}); install fonts-noto-cjk") from error


def draw(slip: Slip, columns: int = 48) -> Image.Image:
    """The slip in black on white; its edge is torn where it isn't cut."""
    width = DOTS[columns]
    pieces = [piece for item in slip.items for piece in _pieces(item, columns)]
    height = 2 * _MARGIN + sum(piece.height for piece in pieces)
    paper = Image.new("L", (width + 2 * _MARGIN, height), 255)
    top = _MARGIN
    for piece in pieces:
        paper.paste(piece, (_MARGIN, top))
        top += piece.height
    if not slip.cut:
        _tear(paper)
    return paper


def _pieces(item: Line | QrCode | Feed, columns: int) -> list[Image.Image]:
    width = DOTS[columns]
    if isinstance(item, Feed):
        return [Image.new("L", (width, _LINE * item.lines), 255)]
    if isinstance(item, QrCode):
        return [_code(item, width)]
    return [_row(runs, item.align, width) for runs in _wrapped(item.runs, width)]


def _columns(character: str) -> int:
    return 1 if ord(character) < 0x80 else 2


def _wrapped(runs: tuple[Run, ...], width: int) -> list[list[Run]]:
    """As a printer does: at the edge, wherever that is."""
    rows: list[list[Run]] = [[]]
    left = width
    for run in runs:
        text = ""
        for character in run.text:
            dots = _columns(character) * _LETTER * run.wide
            if dots > left:
                rows[-1].append(Run(text, run.wide, run.high, run.bold))
                rows.append([])
                text, left = "", width
            text += character
            left -= dots
        rows[-1].append(Run(text, run.wide, run.high, run.bold))
    return rows


def _row(runs: list[Run], align: str, width: int) -> Image.Image:
    high = max(run.high for run in runs)
    used = sum(_columns(character) * _LETTER * run.wide for run in runs for character in run.text)
    row = Image.new("L", (width, CELL * high + _LINE - CELL), 255)
    left = {"left": 0, "centre": (width - used) // 2, "right": width - used}[align]
    for run in runs:
        top = CELL * (high - run.high)
        for character in run.text:
            cell = _glyph(character, run)
            row.paste(cell, (left, top))
            left += cell.width
    return row


def _glyph(character: str, run: Run) -> Image.Image:
    wide, high = _columns(character) * _LETTER * run.wide, CELL * run.high
    font = _font(run.bold, CELL * run.high - run.high * 2)
    # Drawn in a cell of the printer's proportions, or as wide as the letter is, then brought to the printer's width.
    natural = max(_columns(character) * _LETTER * run.high, round(font.getlength(character)))
    cell = Image.new("L", (natural, high), 255)
    ImageDraw.Draw(cell).text((natural / 2, high * 0.83), character, font=font, fill=0, anchor="ms")
    return cell.resize((wide, high), Image.Resampling.LANCZOS).point(lambda dot: 0 if dot < _THRESHOLD else 255)


def _code(code: QrCode, width: int) -> Image.Image:
    matrix = code.matrix()
    side = (len(matrix) + 8) * code.module_dots
    if side > width:
        raise PaperError(f"a QR code of {side} dots does not fit a head of {width}")
    square = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(square)
    for y, row in enumerate(matrix, 4):
        for x, dark in enumerate(row, 4):
            if dark:
                left, top = x * code.module_dots, y * code.module_dots
                pen.rectangle((left, top, left + code.module_dots - 1, top + code.module_dots - 1), fill=0)
    piece = Image.new("L", (width, side), 255)
    piece.paste(square, ({"left": 0, "centre": (width - side) // 2, "right": width - side}[code.align], 0))
    return piece


def _tear(paper: Image.Image) -> None:
    pen = ImageDraw.Draw(paper)
    for left in range(0, paper.width, 16):
        pen.polygon(((left, paper.height), (left + 8, paper.height - 8), (left + 16, paper.height)), fill=190)
