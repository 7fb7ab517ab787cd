"""When a fact happened. Devices have no clock: a fact says which boot and how long after it; here it gets a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """The connected boot's uptime at a moment of the hub's own rising clock."""

    boot: int
    uptime_ms: int
    heard_ms: int


@dataclass(frozen=True, slots=True)
class Moment:
    """The hub's clocks at one moment: the hour, whether it is sure, and the clock that only rises."""

    unix_ms: int
    sure: bool
    rising_ms: int


@dataclass(frozen=True, slots=True)
class When:
    """A time, or, where there is none, the two bounds; a time with bounds is an unsure one."""

    time_ms: int | None
    earliest_ms: int | None
    latest_ms: int | None


def resolve(
    *,
    boot: int | None,
    uptime_ms: int,
    boot_at_ms: int | None,
    boot_at_sure: bool,
    anchor: Anchor | None,
    earliest_ms: int,
    now: Moment,
) -> When:
    """The best that is known: this very boot's age, else the boot's own logged anchor, else bounds.

    earliest_ms: what came before it (the fact before, else when the device was registered). Nothing happens later
    than now.
    """
    earliest_ms = min(earliest_ms, now.unix_ms)
    if anchor is not None and anchor.boot == boot:
        age_ms = (now.rising_ms - anchor.heard_ms) + (anchor.uptime_ms - uptime_ms)
        return _time(now.unix_ms - age_ms, now.sure, earliest_ms, now.unix_ms)
    if boot is not None and boot_at_ms is not None:
        return _time(boot_at_ms + uptime_ms, boot_at_sure, earliest_ms, now.unix_ms)
    return When(None, earliest_ms, now.unix_ms)


def _time(at_ms: int, sure: bool, earliest_ms: int, now_ms: int) -> When:
    at_ms = min(at_ms, now_ms)
    return When(at_ms, None, None) if sure else When(at_ms, min(earliest_ms, at_ms), now_ms)
