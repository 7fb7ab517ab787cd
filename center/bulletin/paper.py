"""The notice as PDF: WeasyPrint over the paper's own page; nothing is fetched while it is made."""

import logging
from typing import Any

from center.errors import CenterError


class PaperError(CenterError):
    """The paper asked for something that isn't in it."""


def _refuse(url: str, *_rest: Any, **_more: Any) -> dict[str, Any]:
    raise PaperError(f"the notice's page asks for {url}; nothing is fetched")


def pdf(page: str) -> bytes:
    """A rendered page as PDF/A-like plain PDF. Takes a second or two: call it in a thread."""
    from weasyprint import HTML  # noqa: PLC0415 - 60 MB that only this needs

    # It tells of each step and of each property that is meant for screens.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)

    content: bytes = HTML(string=page, url_fetcher=_refuse).write_pdf()
    return content
