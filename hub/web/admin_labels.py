"""What the tables and fields of a hall are called on `/admin`."""

from collections.abc import Callable


def _(text: str) -> str:
    """Marks a message for the catalogue; it is translated where it is shown."""
    return text


# table → (its title, one row of it)
TABLES = {
    "hall": (_("The hall"), _("hall")),
    "zones": (_("Zones"), _("zone")),
    "services": (_("Services"), _("service line")),
    "matters": (_("Matters"), _("matter")),
    "windows": (_("Windows"), _("window")),
    "staff": (_("Staff"), _("member of staff")),
    "announcements": (_("Announcements"), _("announcement")),
    "links": (_("Lines to devices"), _("line")),
    "printers": (_("Printers"), _("printer")),
    "leds": (_("LED modules"), _("LED module")),
    "dispensers": (_("Dispensers"), _("dispenser")),
}

LABELS = {
    "id": _("Id"),
    "code": _("Staff number"),
    "name": _("Name, Chinese"),
    "name_en": _("Name, English"),
    "invitation_s": _("Seconds to rate"),
    "hours": _("Hours"),
    "closing": _("Closing time"),
    "priority_one_in": _("Priority: one in"),
    "appointment_grace_min": _("Grace for appointments, min"),
    "volume_percent": _("Volume, percent"),
    "prefix": _("Letters before the number"),
    "first_number": _("First number"),
    "last_number": _("Last number"),
    "last_ticket_min": _("Last ticket before closing, min"),
    "daily_cap": _("Most numbers a day"),
    "department": _("Department, Chinese"),
    "department_en": _("Department, English"),
    "zone": _("Zone"),
    "place": _("Place, Chinese"),
    "place_en": _("Place, English"),
    "legal_basis": _("Legal basis, Chinese"),
    "legal_basis_en": _("Legal basis, English"),
    "procedure": _("Procedure, Chinese"),
    "procedure_en": _("Procedure, English"),
    "papers": _("Papers to bring, Chinese"),
    "papers_en": _("Papers to bring, English"),
    "promised_time": _("Promised time, Chinese"),
    "promised_time_en": _("Promised time, English"),
    "fee": _("Fee, Chinese"),
    "fee_en": _("Fee, English"),
    "service": _("Service"),
    "often": _("On the kiosk's first page"),
    "summary": _("For whom, Chinese"),
    "summary_en": _("For whom, English"),
    "device": _("Device"),
    "services": _("Services, the preferred first"),
    "role": _("Role A or B"),
    "stars": _("Stars, 1 to 5"),
    "text": _("Text, Chinese"),
    "text_en": _("Text, English"),
    "url": _("Address"),
    "baud": _("Baud rate"),
    "paper_mm": _("Paper, mm"),
    "window": _("Window"),
    "driver": _("Protocol"),
    "address": _("Address on the line"),
}


def hints(_: Callable[[str], str]) -> dict[str, str]:
    """What a label can't say in two words, under it; `table.field` goes before `field`."""
    return {
        "id": _("Letters, digits, dot, dash; it stands in events and addresses and is never changed later."),
        "code": _("What is typed at the window; a caller's keypad has digits only."),
        "stars": _("As the center's own assessment gave them; citizens see them on the window's display. 0: none."),
        "invitation_s": _("How long a citizen may press after a service, 2 to 120."),
        "closing": _("At this time tickets still open are cancelled; empty: never. As 17:30."),
        "hall.volume_percent": _("Of calls at windows of no zone; each zone has its own, under Zones."),
        "zones.volume_percent": _("0 to 100. The next call is this loud, on boards and on the hub's sound card."),
        "priority_one_in": _("Of so many calls of a line, one may go out of turn to somebody with priority."),
        "prefix": _("One or two capital letters."),
        "last_number": _("0: no end. Services with the same letters need ranges apart."),
        "daily_cap": _("0: no cap."),
        "dispensers.services": _("Behind its keys, in this order, 12 at most; none: every service."),
        "services": _("Nobody is called here for what is not ticked."),
        "url": _("As /dev/ttyUSB0, socket://host:port; a printer: tcp://host:9100, file:///dev/usb/lp0."),
        "address": _("Two hexadecimal digits; 00 is heard by all modules on the line."),
    }
