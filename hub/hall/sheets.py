"""`hall.csv`: the whole hall as tables in one file, for a spreadsheet, and back with an error for each cell.

A table begins with a row that holds its name in brackets, `[windows]` or `[窗口]`; then come the names of its columns,
then its rows. A table or a column that isn't there stays as it is. Read are UTF-8, with or without a byte order mark,
and GB18030: what a spreadsheet in China writes. Written is UTF-8 with the mark, which every spreadsheet understands.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from hub.hall.rows import Rows, table
from hub.hall.sheet_reading import DEVICES, HALL, Reading, Sheet, SheetError, Wrong
from hub.hall.sheet_words import TABLES, DeviceRow, Speak, cell, column

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def write(rows: Rows, devices: Sequence[DeviceRow], *, chinese: bool) -> bytes:
    """The whole hall as a file."""
    out = io.StringIO()
    sheet = csv.writer(out)
    for name, (word, kind) in TABLES.items():
        sheet.writerow([f"[{word if chinese else name}]"])
        fields = list(kind.__struct_fields__)
        sheet.writerow([column(each) if chinese else each for each in fields])
        for row in _rows_of(name, rows, devices):
            sheet.writerow([cell(getattr(row, each), chinese=chinese) for each in fields])
        sheet.writerow([])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read(content: bytes, now: Rows, devices: Mapping[str, str], _: Speak) -> Sheet:
    """The file's hall over the one that is now; devices: those that are registered, with their role.

    Raises `SheetError` with everything that is wrong.
    """
    return Reading(now, devices, _).sheet(_text(content, _))


def _rows_of(name: str, rows: Rows, devices: Sequence[DeviceRow]) -> Sequence[Any]:
    if name == HALL:
        return (rows.hall,)
    return devices if name == DEVICES else table(rows, name)


def _text(content: bytes, _: Speak) -> str:
    if content.startswith(_UTF16):
        what = _("The file is UTF-16. Save it as “CSV UTF-8” and try again.")
        raise SheetError([Wrong(1, 0, "", what)])
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
    what = _("This is neither UTF-8 nor GB18030. Save the file as “CSV UTF-8” and try again.")
    raise SheetError([Wrong(line, 0, "", what)])
