"""Local days and times, from milliseconds since 1970 (UTC) and the hall's offset."""

from datetime import UTC, date, datetime, timedelta, timezone

_DAY_MS = 86_400_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_date(at_ms: int, offset_minutes: int) -> str:
    """The hall's calendar day, e.g. 2026-11-21."""
    return date.fromordinal(_EPOCH_ORDINAL + (at_ms + offset_minutes * 60_000) // _DAY_MS).isoformat()


def rfc3339(at_ms: int, offset_minutes: int) -> str:
    """E.g. 2026-11-21T09:30:00.250+08:00."""
    zone = timezone(timedelta(minutes=offset_minutes))
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).isoformat(timespec="milliseconds")
