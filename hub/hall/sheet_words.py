"""The words of `hall.csv`: tables and columns in both languages, and what a cell may hold, said to a person."""

import re
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect

from hub.hall.rows import (
    AnnouncementRow,
    DispenserRow,
    HallRow,
    LedRow,
    LinkRow,
    MatterRow,
    PrinterRow,
    ServiceRow,
    StaffRow,
    WindowRow,
    ZoneRow,
)

Speak = Callable[[str], str]


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where a registered box stands; a box comes into the hall by provisioning, for it needs a secret."""

    device: str
    role: str
    window: str = ""


# table → (Chinese, kind of its rows), in the file's order
TABLES: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "hall": ("大厅", HallRow),
    "zones": ("区域", ZoneRow),
    "services": ("业务", ServiceRow),
    "matters": ("事项", MatterRow),
    "windows": ("窗口", WindowRow),
    "staff": ("人员", StaffRow),
    "announcements": ("公告", AnnouncementRow),
    "links": ("线路", LinkRow),
    "printers": ("打印机", PrinterRow),
    "leds": ("窗口屏", LedRow),
    "dispensers": ("取号机", DispenserRow),
    "devices": ("设备", DeviceRow),
}

# Chinese of a column; `_en` of a name is that name with 英文.
COLUMNS = {
    "id": "编号",
    "name": "名称",
    "code": "工号",
    "role": "角色",
    "stars": "星级",
    "prefix": "字头",
    "first_number": "首号",
    "last_number": "末号",
    "hours": "时间",
    "last_ticket_min": "提前停号分钟",
    "daily_cap": "每日限号",
    "department": "部门",
    "zone": "区域",
    "place": "办理地点",
    "legal_basis": "法定依据",
    "procedure": "办理程序",
    "papers": "申报材料",
    "promised_time": "承诺时限",
    "fee": "收费标准",
    "service": "业务",
    "services": "办理业务",
    "often": "常办",
    "summary": "适用对象",
    "volume_percent": "音量百分比",
    "paper_mm": "纸宽毫米",
    "driver": "协议",
    "address": "屏号",
    "text": "内容",
    "url": "线路地址",
    "baud": "波特率",
    "device": "设备",
    "window": "窗口",
    "invitation_s": "评价秒数",
    "closing": "闭厅时间",
    "priority_one_in": "优先比例",
    "appointment_grace_min": "预约宽限分钟",
}
ENGLISH = "英文"
# Cells that name a row of another table.
NAMING = ("zone", "service", "window")
_TRUTH = {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}
# Between the entries of one cell, as people write them.
_SEPARATORS = re.compile(r"[\s,;，；、]+")


def column(field: str) -> str:
    """A field's name in Chinese."""
    if field.endswith("_en"):
        return COLUMNS[field.removesuffix("_en")] + ENGLISH
    return COLUMNS[field]


def cell(value: Any, *, chinese: bool) -> str:
    """A value as it stands in the file."""
    if isinstance(value, bool):
        return ("是" if value else "否") if chinese else ("yes" if value else "no")
    return " ".join(value) if isinstance(value, tuple) else str(value)


def hint(kind: type[msgspec.Struct], field: str, _: Speak) -> str:
    """What a cell of this column may hold."""
    return _special(kind, _).get(field) or _general(kind, field, _)


def _special(kind: type[msgspec.Struct], _: Speak) -> dict[str, str]:
    name = _("letters, digits, dots and dashes, 32 at most, a letter or digit first")
    words = {
        "id": name,
        "code": name,
        "prefix": _("one or two capital letters"),
        "role": _("A or B"),
        "address": _("two digits or letters A to F"),
        "paper_mm": _("58 or 80"),
        "often": _("yes or no"),
        "closing": _("a time such as 17:30, or nothing"),
        "services": _("ids of services with spaces between them, the preferred first"),
        "url": _("a port such as /dev/ttyUSB0, socket://host:port or rfc2217://host:port"),
    }
    if kind is ServiceRow:
        words["hours"] = _("times such as 09:00-12:00 13:30-17:00, or nothing")
    if kind is PrinterRow:
        words["url"] = _("an address such as tcp://host:9100, file:///dev/usb/lp0 or serial:///dev/ttyUSB0?baud=19200")
    if kind is DeviceRow:
        words["role"] = _("what it is registered as")
    return words


def _general(kind: type[msgspec.Struct], field: str, _: Speak) -> str:
    least, most, longest = _limits(kind, field)
    if most is not None:
        return _("a whole number from %(least)s to %(most)s") % {"least": least, "most": most}
    if longest is not None:
        return _("text of at most %(most)s characters") % {"most": longest}
    return _("text")


def hints_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The type of each field."""
    return get_type_hints(kind, include_extras=True)


def value(kind: type[msgspec.Struct], field: str, cell: str) -> Any:
    """A cell as its field has it; raises `ValueError` or `KeyError`."""
    wanted = hints_of(kind)[field]
    base = _base(wanted)
    plain: Any = cell
    if isinstance(base, inspect.IntType | inspect.LiteralType):
        plain = int(cell.strip())
    elif isinstance(base, inspect.BoolType):
        plain = _TRUTH[cell.strip().lower()]
    elif isinstance(base, inspect.VarTupleType):
        plain = tuple(part for part in _SEPARATORS.split(cell) if part)
    elif getattr(base, "pattern", None) or kind is DeviceRow or field in NAMING:
        plain = cell.strip()
    return msgspec.convert(plain, wanted)


def _base(wanted: Any) -> Any:
    found: Any = inspect.type_info(wanted)
    while isinstance(found, inspect.Metadata):
        found = found.type
    return found


def _limits(kind: type[msgspec.Struct], field: str) -> tuple[int | None, int | None, int | None]:
    base = _base(hints_of(kind)[field])
    if isinstance(base, inspect.IntType):
        return base.ge, base.le, None
    return None, None, getattr(base, "max_length", None)
