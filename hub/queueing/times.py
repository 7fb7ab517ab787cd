"""Local days and times, from milliseconds since 1970 (UTC) and the hall's offset."""

from datetime import UTC, date, datetime, timedelta, timezone

DAY_MS = 86_400_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_date(at_ms: int, offset_minutes: int) -> str:
    """The hall's calendar day, e.g. 2026-11-21."""
    return date.fromordinal(_EPOCH_ORDINAL + (at_ms + offset_minutes * 60_000) // DAY_MS).isoformat()


def rfc3339(at_ms: int, offset_minutes: int) -> str:
    """E.g. 2026-11-21T09:30:00.250+08:00."""
    zone = timezone(timedelta(minutes=offset_minutes))
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).isoformat(timespec="milliseconds")


def local_minute(at_ms: int, offset_minutes: int) -> int:
    """Minutes since the hall's midnight."""
    return (at_ms // 60_000 + offset_minutes) % 1440


def days_between(earlier: str, later: str) -> int:
    """From one calendar day to another; negative when the second lies before the first."""
    return date.fromisoformat(later).toordinal() - date.fromisoformat(earlier).toordinal()


def day_after(day: str, days: int) -> str:
    """So many calendar days after one."""
    return date.fromordinal(date.fromisoformat(day).toordinal() + days).isoformat()
