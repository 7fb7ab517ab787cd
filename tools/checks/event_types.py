"""What each event type says, for the reference: (when, fields of data). The types themselves stand in hub/queueing."""

_RUN = "run, ticket, number, window, staff, service"

EVENT_DATA: dict[str, tuple[str, str]] = {
    "hall.ticket.issued": (
        "a number was given",
        "ticket, number, service, priority, channel, ahead, business_date, token_sha256",
    ),
    "hall.ticket.called": ("a number was called to a window", "ticket, number, window, staff, waited_ms"),
    "hall.ticket.arrived": ("its holder is at the window", "ticket, number, window, staff"),
    "hall.ticket.finished": ("a service was rendered; the run is made here", f"{_RUN}, served_ms, outcome"),
    "hall.rating.invited": ("the window's evaluator accepted the invitation", "run, ticket, window, staff, device"),
    "hall.rating.submitted": (
        "a key was pressed for this run; grade 1 = very dissatisfied … 5 = very satisfied",
        "run, ticket, window, staff, service, grade, channel, device, epoch, fact, pressed_after_ms",
    ),
    "hall.rating.unrated": ("why nobody pressed: timeout, device_fault, device_away, declined", "run, window, reason"),
    "hall.rating.ignored": (
        "a press that does not count: not_invited, repeated, key_test; never its grade",
        "window, device, epoch, fact, why",
    ),
    "hall.staff.signed_in": ("a clerk took a window", "staff, window, role"),
    "hall.staff.signed_out": ("a clerk left a window", "staff, window, role"),
    "hall.window.paused": ("a window pauses", "window, staff, reason"),
    "hall.window.unpaused": ("a window goes on", "window, staff"),
    "hall.device.online": ("a box proved itself on a link", "device, role, detail"),
    "hall.device.offline": ("its session ended", "device, role, detail"),
    "hall.device.booted": ("a box started; detail has its interpreter", "device, role, epoch, fact, detail"),
    "hall.device.fault": ("something is wrong with a box, or with what it sent", "device, role, detail"),
    "hall.device.recovered": ("a fault is over", "device, role, detail"),
    "hall.device.key_tested": ("the keys were tried, and which work", "device, role, detail"),
    "hall.device.fact_unreadable": ("a fact of an unknown kind, kept whole", "device, epoch, fact, detail"),
    "hall.hub.started": ("the hub is up", "version, journal"),
    "hall.hub.clock_stepped": ("the hub's clock was set", "from_ms, to_ms"),
}
