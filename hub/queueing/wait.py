"""How long somebody is likely to wait: a range, from the service times of the last hours; or nothing when too little
is known."""

from hub.queueing.events import Now
from hub.queueing.state import State
from hub.queueing.tables import WindowState

# Older services say little about now: the morning's rush is over by the afternoon.
RECENT_MS = 3 * 3_600_000
# Fewer service times than this make no quartiles.
LEAST_KNOWN = 5
MINUTE_MS = 60_000
_CLOSED, _PAUSED = WindowState.CLOSED, WindowState.PAUSED


def expected(state: State, service: str, ahead: int, now: Now) -> dict[str, int] | None:
    """{"low_min", "high_min"} for somebody with so many ahead; None where too little is known or no window is open.

    low: every open window that serves it works for this line alone, at the quicker quartile; high: each shares its
    time evenly among those of its lines where somebody waits, at the slower quartile.
    """
    times = [served_ms for at_ms, served_ms in state.served.get(service, ()) if now.ms - at_ms <= RECENT_MS]
    if len(times) < LEAST_KNOWN:
        return None
    alone, shared = _hands(state, service)
    if alone == 0:
        return None
    times.sort()
    quick, slow = times[len(times) // 4], times[-1 - len(times) // 4]
    low_min = int(ahead * quick / alone) // MINUTE_MS
    high_min = -(-int((ahead + 1) * slow / shared) // MINUTE_MS)
    return {"low_min": low_min, "high_min": max(low_min, high_min)}


def _hands(state: State, service: str) -> tuple[int, float]:
    """How many open windows serve it, and how many they come to when they share."""
    alone, shared = 0, 0.0
    # Each board's change has every service's range: 300 windows are gone through at each event of a large hall.
    for place in state.layout.windows_of.get(service, ()):
        now = state.windows[place.id].state
        if now is _CLOSED or now is _PAUSED:
            continue
        alone += 1
        if len(place.services) == 1:
            shared += 1
        else:
            shared += 1 / sum(other == service or bool(state.queues.get(other)) for other in place.services)
    return alone, shared
