"""The label that a technician sticks onto a box: its name, its window, and its name as a QR code for a scanner.

What stands on it is on every page of the hub; the secret is nowhere near it. 60 × 40 mm, the size of most label rolls,
as a file that any printer prints, or on a ticket printer at the hub.
"""

from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Final

import segno
from PIL import Image, ImageDraw, ImageFont

from common import catalogue, files
from tools.device.errors import DeviceError, HubRefusedError
from tools.device.hub import HubClient

WIDTH_MM: Final = 60
HEIGHT_MM: Final = 40
DPI: Final = 300
FONT: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")  # Debian's fonts-noto-cjk
_FAMILY: Final = "'Noto Sans CJK SC','Microsoft YaHei',sans-serif"
_SIMPLIFIED: Final = 2  # of the faces in the font's file
_CODE_MM: Final = 22  # the QR's side; a module of a name's code is 0.8 mm then, three dots of a ticket printer
_QUIET: Final = 4  # modules that stay white around it, as the standard wants
_MODE: Final = 0o644
SUFFIXES: Final = (".svg", ".png", ".pdf")
ANY_PRINTER: Final = "printer"
_OK: Final = ("ok", "paper_low")


def _(text: str) -> str:
    """Marks a message for the catalogue; a label is Chinese first, with English beside it."""
    return text


_ROLES: Final = {"evaluator": _("Evaluator"), "caller": _("Caller"), "dispenser": _("Dispenser")}


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on it."""

    device: str
    role: str
    window: str | None
    shown: str  # the window as people read it

    @property
    def place(self) -> str:
        """The large line: its window, or what it is where it has none."""
        return self.shown or self.window or self._chinese

    @property
    def _chinese(self) -> str:
        return catalogue.translations(catalogue.CHINESE).gettext(_ROLES.get(self.role, self.role))

    @property
    def name_mm(self) -> float:
        """How high its name can be."""
        return min(4.6, (WIDTH_MM - 6) / (0.62 * len(self.device)))

    @property
    def what(self) -> str:
        """The role in both languages."""
        return f"{self._chinese} {_ROLES.get(self.role, self.role)}"

    def matrix(self) -> list[list[bool]]:
        """The modules of its QR code, without the white around."""
        return [[bool(cell) for cell in row] for row in segno.make_qr(self.device, error="m").matrix]


def of(hub: HubClient, device: str, role: str, window: str | None, shown: str | None = None) -> Label:
    """What stands on a box's label; `shown`: its window, where the technician gave another name for it."""
    return Label(device, role, window, shown or ("" if window is None else hub.window_name(window)))


def wanted(given: tuple[str, ...], hub: HubClient) -> list[Path | str]:
    """Files, and printers at the hub by their id; raises `DeviceError` before anything is done."""
    found: list[Path | str] = []
    for each in given:
        if Path(each).suffix:
            path = Path(each)
            if path.suffix.lower() not in SUFFIXES:
                raise DeviceError("%(file)s: a label is written as %(kinds)s", file=each, kinds=", ".join(SUFFIXES))
            if not path.parent.is_dir():
                raise DeviceError("%(file)s: its folder is not there", file=each)
            found.append(path)
            continue
        printers = hub.printers()
        ready = [one["printer"] for one in printers if each in (one["printer"], ANY_PRINTER)]
        if not ready:
            known = ", ".join(one["printer"] for one in printers) or "-"
            raise DeviceError("the hub has no printer %(name)s; it has: %(known)s", name=each, known=known)
        found.append(ready[0])
    return found


def give(label: Label, wanted: list[Path | str], hub: HubClient) -> list[str]:
    """Writes or prints each; returns where. Raises `DeviceError`: the box itself is well then."""
    done = []
    for each in wanted:
        if isinstance(each, Path):
            try:
                files.replace(each, drawn(label, each.suffix.lower()), _MODE)
            except OSError as error:
                raise DeviceError("%(file)s: can't be written (%(why)s)", file=each, why=error.strerror) from error
            done.append(str(each))
            continue
        state = hub.print_label(each, label.device)
        if state not in _OK:
            raise HubRefusedError(
                "%(device)s is well, but its label was not printed: printer %(printer)s says %(state)s. Once it is "
                "ready: tingting device label %(device)s --sticker %(printer)s",
                device=label.device,
                printer=each,
                state=state,
            )
        done.append(each)
    return done


def drawn(label: Label, suffix: str) -> bytes:
    """The file's bytes."""
    return svg(label) if suffix == ".svg" else _picture(label, "PDF" if suffix == ".pdf" else "PNG")


def svg(label: Label) -> bytes:
    """As a drawing in millimetres."""
    matrix = label.matrix()
    module = _CODE_MM / (len(matrix) + 2 * _QUIET)
    dark = "".join(
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, row in enumerate(matrix) for x, cell in enumerate(row) if cell
    )
    size = _fitting(label.place)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm" '
        f'viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}" role="img" font-family="{_FAMILY}">\n'
        f"<title>{escape(label.device)}</title>\n"
        f'<rect width="{WIDTH_MM}" height="{HEIGHT_MM}" fill="#fff"/>\n'
        f'<g transform="translate({WIDTH_MM - _CODE_MM - 2} 3) scale({module:.5f})" shape-rendering="crispEdges">'
        f'<path d="{dark}"/></g>\n'
        f'<text x="3" y="15" font-size="{size:.2f}" font-weight="700">{escape(label.place)}</text>\n'
        f'<text x="3" y="23" font-size="3.6">{escape(label.what)}</text>\n'
        f'<text x="{WIDTH_MM / 2}" y="34" font-size="{label.name_mm:.2f}" font-weight="700" text-anchor="middle" '
        f'font-family="monospace">{escape(label.device)}</text>\n'
        "</svg>\n"
    ).encode()


def _fitting(text: str) -> float:
    """Millimetres of the large line: as high as fits beside the code."""
    room = WIDTH_MM - _CODE_MM - 7
    columns = sum(1.0 if ord(letter) > 0x7F else 0.6 for letter in text)
    return min(11.0, room / columns) if columns else 11.0


def _dots(millimetres: float) -> int:
    return round(millimetres * DPI / 25.4)


def _picture(label: Label, kind: str) -> bytes:
    """The same, dot for dot."""
    paper = Image.new("L", (_dots(WIDTH_MM), _dots(HEIGHT_MM)), 255)
    pen = ImageDraw.Draw(paper)
    matrix = label.matrix()
    module = _dots(_CODE_MM) // (len(matrix) + 2 * _QUIET)
    left, top = _dots(WIDTH_MM - _CODE_MM - 2) + _QUIET * module, _dots(3) + _QUIET * module
    for y, row in enumerate(matrix):
        for x, cell in enumerate(row):
            if cell:
                at = (left + x * module, top + y * module)
                pen.rectangle((*at, at[0] + module - 1, at[1] + module - 1), fill=0)
    pen.text((_dots(3), _dots(15)), label.place, font=_font(_fitting(label.place)), fill=0, anchor="ls")
    pen.text((_dots(3), _dots(23)), label.what, font=_font(3.6), fill=0, anchor="ls")
    pen.text((paper.width // 2, _dots(34)), label.device, font=_font(label.name_mm), fill=0, anchor="ms")
    out = BytesIO()
    paper.save(out, kind, dpi=(DPI, DPI), **({"resolution": float(DPI)} if kind == "PDF" else {}))
    return out.getvalue()


def _font(millimetres: float) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(FONT), _dots(millimetres), index=_SIMPLIFIED)
    except OSError as error:
        raise DeviceError(
            "%(file)s: can't be read (%(why)s); apt install fonts-noto-cjk", file=FONT, why=error
        ) from error
