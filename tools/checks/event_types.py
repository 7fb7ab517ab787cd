"""What each event type says, for the reference: (when, fields of data). The types stand in hub/queueing."""

_RUN = "run, ticket, number, window, staff, service"

_MOVE = "ticket, number, window, staff, to_service, to_window, reason"

EVENT_DATA: dict[str, tuple[str, str]] = {
    "hall.ticket.issued": (
        "a number was given",
        "ticket, number, service, priority, channel, ahead, business_date, token_sha256; "
        "with priority verified_by, and appointment_at_ms, also, matter, printer (who confirms the paper), lease where "
        "there are",
    ),
    "hall.ticket.printed": (
        "the paper is out: with a printer in its issued event the number counts from here; reprint: a second paper",
        "ticket, printer; reprint; told by a box: device, epoch, fact",
    ),
    "hall.ticket.print_failed": (
        "no paper came, reason says why; a ticket that nobody had called is cancelled with it (reason not_printed)",
        "ticket, printer, reason; reprint; told by a box: device, epoch, fact",
    ),
    "hall.lease.granted": (
        "numbers lent to a dispenser for when the hub is away: these ranges, on this business date, for so long",
        "lease, device, business_date, lasts_ms, ranges (service, first, last)",
    ),
    "hall.lease.closed": (
        "the dispenser has told of all it gave of a lease: so many; the rest is void, by number",
        "lease, device, business_date, used, voided (service, numbers), reason",
    ),
    "hall.ticket.called": (
        "a number was called to a window",
        "ticket, number, window, staff, waited_ms; out of turn turn (priority, preference, chosen), passed, reason",
    ),
    "hall.ticket.recalled": ("called again", "ticket, number, window, staff, waited_ms"),
    "hall.ticket.arrived": ("its holder is at the window", _MOVE),
    "hall.ticket.no_show": ("nobody came", _MOVE),
    "hall.ticket.restored": ("a no-show stands in line again, once", _MOVE),
    "hall.ticket.held": ("set aside while its holder fetches something", _MOVE),
    "hall.ticket.resumed": ("back at a window, or there for the next service of the visit", _MOVE),
    "hall.ticket.transferred": ("to another line; back: and then here again", f"{_MOVE}; back"),
    "hall.ticket.cancelled": (
        "void; reason closing: swept; not_printed: its paper did not come; lease_over, number_taken: given away from "
        "the hub, too late or twice",
        _MOVE,
    ),
    "hall.ticket.undone": (
        "a finish or no-show was taken back, reason says which; run: of the finish",
        f"{_MOVE}; run",
    ),
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
    "hall.staff.signed_in": ("a clerk took a window", "staff, window, role; told by a caller: device, epoch, fact"),
    "hall.staff.signed_out": ("a clerk left a window", "staff, window, role; told by a caller: device, epoch, fact"),
    "hall.staff.pin_set": ("a clerk has a new PIN; by: manager, who reset it, or the clerk's own code", "staff, by"),
    "hall.attendance.noted": (
        "a caller told of a clerk who came or went (what), and why the window was not changed by it: late, or the "
        "refusal's kind",
        "staff, window, role, what, why, device, epoch, fact",
    ),
    "hall.window.paused": ("a window pauses", "window, staff, reason"),
    "hall.window.unpaused": ("a window goes on", "window, staff"),
    "hall.window.empty": ("its clerk left while people wait for it", "window, staff, reason"),
    "hall.window.covered": ("somebody stands at it again", "window, staff, reason"),
    "hall.device.online": ("a box proved itself on a link", "device, role, detail"),
    "hall.device.offline": ("its session ended", "device, role, detail"),
    "hall.device.booted": ("a box started; detail has its interpreter", "device, role, epoch, fact, detail"),
    "hall.device.fault": (
        "something is wrong with a box (then with epoch, fact), or with what its line carries; detail.code names it, "
        "once in ten minutes for each line",
        "device, role, detail (code, …; seen by the hub: line, url); epoch, fact",
    ),
    "hall.device.recovered": (
        "a fault that a box told is over (then with window, epoch, fact), or its silence, which the hub saw",
        "device, role, detail (code; seen by the hub: seen_by); window, epoch, fact",
    ),
    "hall.device.key_tested": (
        "the keys were tried, and which work; by the box (then with epoch, fact), or by a technician over its cable, "
        "who also saw its lamps and heard its sounds",
        "device, role, window, detail (keys_ok; by a technician: keys, dead, lamps, sounds, shows); epoch, fact",
    ),
    "hall.device.replaced": (
        "another box stands in its place, and its key opens nothing any more; what it still holds may be fetched later",
        "device, role, detail (by, window, epoch: of the dead key)",
    ),
    "hall.device.updated": (
        "what became of an update that the hub gave a box. outcome: good (it runs), gone_back (it was no good, the box "
        "runs what it had), missing (not seen good in time; may be followed by another outcome), refused (with reason)",
        "device, role, detail (outcome, version, was, reason, update: the plan's id)",
    ),
    "hall.device.fact_unreadable": (
        "a box's fact that this hub can't read: of a kind it doesn't know, or malformed; kept whole, counted as "
        "nothing. detail has its kind, its fields and why",
        "device, epoch, fact, role, window, detail (kind, fields, why)",
    ),
    "hall.hub.started": ("the hub is up", "version, journal"),
    "hall.hub.clock_stepped": (
        "the hub's clock jumped against the one that only rises, or is behind the journal; what says which; the "
        "journal's own times never run backward",
        "from_ms, to_ms, what; version, journal: null",
    ),
    "hall.journal.gap": (
        "events of a damaged journal are lost: those with the sequences from … to (null: all from there on); "
        "recorded between from_ms and to_ms, where the events beside the gap tell; what: whether the center has them",
        "journal, from, to, from_ms, to_ms, what",
    ),
    "hall.journal.restored": (
        "the hall goes on from a backup, which holds that journal through that event; what was acknowledged between "
        "the two times is possibly lost, and so many numbers of each service are passed over",
        "journal, through, from_ms, to_ms, numbers_skipped, what",
    ),
    "hall.hub.date_set": ("a wrong business date was put right by hand", "from_date, to_date, staff, what"),
    "hall.training.began": (
        "the hall practises from here on: events of tickets, windows, staff and ratings have training: true in their "
        "data and are counted nowhere; who was signed in was signed out",
        "by, reason",
    ),
    "hall.training.ended": ("the hall works again", "by, reason"),
    "hall.config.changed": (
        "the hall's configuration is another one from here on; changes names rows and fields, never what they hold, "
        "the first 200 of so many (changed). layout: services and windows as the rules know them, null where they "
        "stayed; undoes: the revision that was taken back; by: manager, admin, or settings (the file, at a start)",
        "revision, by, undoes, changes (table, row, act, fields), changed, layout",
    ),
}
