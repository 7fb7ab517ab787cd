"""An export of a center's store, and its check."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from center import config
from center.verify import check
from center.verify import export as exporting
from center.verify.check import Verdict
from tools.center.errors import CenterToolError
from tools.center.recompute import open_store, store_path


def export(file: Path, out: Path, hall: str | None, months: Sequence[str], tell: Callable[[int], None]) -> int:
    """Writes it; the center may be running."""
    settings = config.load(file)
    with closing(open_store(store_path(file, settings))) as connection:
        connection.execute("PRAGMA query_only = ON")
        made = datetime.now(UTC).isoformat(timespec="seconds")
        wanted = exporting.Wanted(settings.halls, hall, months, made)
        return exporting.write(connection, wanted, out, tell)


def verify(file: Path, notices: Sequence[Path], tell: Callable[[int], None]) -> Verdict:
    """Checks it, and the notices beside it."""
    return check.verify(file, [_notice(path) for path in notices], tell)


def _notice(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CenterToolError(f"{path}: no figures of a notice: {error}") from error
