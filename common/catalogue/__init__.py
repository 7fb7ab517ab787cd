"""The one message catalogue: the texts of every page, voice line and printed line, in Chinese and in English.

The source text of a message is its English (`_("Now serving")`), so English needs no file of its own and is never
missing. Chinese stands in `<room>.zh_CN.po` beside this file, one a room; all are read and compiled in memory at start,
so there is no compiled file that can be older than its source.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from common.errors import CommonError

HERE = Path(__file__).parent

CHINESE = "zh-CN"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)  # Chinese first, everywhere


class CatalogueError(CommonError):
    """A .po file can't be used, or two rooms translate one message differently."""


def read(path: Path) -> Catalog:
    """One .po file; raises `CatalogueError` naming file and reason."""
    try:
        with path.open("rb") as file:
            return read_po(file, locale="zh_CN", abort_invalid=True)
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: can't be used: {error}") from error


def merge(folder: Path = HERE) -> Catalog:
    """All rooms' Chinese in one catalogue; two different translations of one message are an error."""
    merged = Catalog(locale="zh_CN")
    for path in sorted(folder.glob("*.zh_CN.po")):
        for message in read(path):
            if not message.id:
                continue
            known = merged.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise CatalogueError(
                    f"{path}: {message.id!r} is {message.string!r} here and {known.string!r} elsewhere"
                )
            merged.add(message.id, message.string, context=message.context, flags=message.flags)
    return merged


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The translator of a language of `LANGUAGES`: `.gettext`, `.ngettext`, `.pgettext`."""
    if language != CHINESE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merge())
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def pick(wished: str | None, accepted: str = "") -> str:
    """The language to speak: the one wished for, else the first accepted one that we have, else Chinese."""
    if wished in LANGUAGES:
        return wished
    for entry in accepted.split(","):
        tag = entry.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return CHINESE
        if tag.startswith("en"):
            return ENGLISH
    return CHINESE
