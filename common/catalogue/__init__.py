"""The one message catalogue: the texts of every page, voice line and printed line, in Chinese and in English.

The source text of a message is its English (`_("Now serving")`), so English needs no file of its own and is never
missing. Chinese stands in `<room>.zh_CN.po` beside this file, one a room; all are read and compiled in memory at start,
so there is no compiled file that can be older than its source.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

import polib

from common.errors import CommonError

HERE = Path(__file__).parent

CHINESE = "zh-CN"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)  # Chinese first, everywhere


class CatalogueError(CommonError):
    """A .po file can't be used, or two rooms translate one message differently."""


def read(path: Path) -> polib.POFile:
    """One .po file; raises `CatalogueError` naming file and reason."""
    try:
        return polib.pofile(str(path))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: can't be used: {error}") from error


def merge(folder: Path = HERE) -> polib.POFile:
    """All rooms' Chinese in one catalogue; two different translations of one message are an error."""
    merged = polib.POFile()
    known: dict[tuple[str | None, str], polib.POEntry] = {}
    for path in sorted(folder.glob("*.zh_CN.po")):
        found = read(path)
        merged.metadata |= found.metadata
        for entry in found:
            first = known.setdefault((entry.msgctxt, entry.msgid), entry)
            if first is entry:
                merged.append(entry)
            elif said(first) != said(entry):
                raise CatalogueError(f"{path}: {entry.msgid!r} is {said(entry)!r} here and {said(first)!r} elsewhere")
    return merged


def said(entry: polib.POEntry) -> str:
    """A message's Chinese, which has one form for every number; empty where there is none."""
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The translator of a language of `LANGUAGES`: `.gettext`, `.ngettext`, `.pgettext`."""
    if language != CHINESE:
        return gettext.NullTranslations()
    return gettext.GNUTranslations(BytesIO(merge().to_binary()))


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
