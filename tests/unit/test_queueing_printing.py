"""A number counts only once its paper is printed; numbers that a dispenser gives while the hub is away."""

from typing import Any

import pytest

from hub.queueing import leases, views
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import (
    AcceptFact,
    CancelTicket,
    CloseLease,
    GrantLease,
    IssueTicket,
    PrintFailed,
    SetDate,
    Sweep,
    TicketPrinted,
)
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.tables import TicketState
from hub.queueing.window_commands import Call, CallNext, SignIn
from tests.support_hub_core import DAY_MS, EPOCH, LAYOUT, MINUTE_MS, MORNING_MS, Hall, fact

LEASE = GrantLease("disp-1", ("A", "B"), 10, 7_200_000)


@pytest.fixture
def hall() -> Hall:
    made = Hall()
    made.do(SignIn("1", "staff-7"))
    return made


def asked(hall: Hall, service: str = "A") -> Event:
    return hall.one(IssueTicket(service, "dispenser", printer="disp-1"))


def away(hall: Hall, number: int, lease: str, *, at: int, n: int = 1, **more: Any) -> list[Event]:
    """A ticket of a lease, told at `now`, given at minute `at`."""
    data = {"lease": lease, "ticket": f"{n:016x}", "service": "A", "number": number, "token_sha256": "ab" * 32} | more
    return hall.do(AcceptFact("disp-1", EPOCH, n, "away", None, MORNING_MS + at * MINUTE_MS, None, None, data))


def line(hall: Hall, service: str = "A") -> list[str]:
    return [ticket.number for ticket in hall.state.queues[service]]


def test_a_number_whose_paper_is_on_its_way_stands_in_no_line(hall: Hall) -> None:
    issued = asked(hall)
    assert issued.data["channel"] == "dispenser"
    assert issued.data["printer"] == "disp-1"
    assert views.queue(hall.state, hall.now)["waiting"]["A"] == 0
    with pytest.raises(Refusal, match="Nobody waits"):
        hall.do(CallNext("1"))


def test_it_counts_when_the_box_says_printed(hall: Hall) -> None:
    issued = asked(hall)
    said = hall.one(fact(1, "printed", None, "disp-1", ticket=issued.data["ticket"]))
    assert said.type == "hall.ticket.printed"
    assert {name: said.data[name] for name in ("ticket", "printer", "fact")} == {
        "ticket": issued.data["ticket"],
        "printer": "disp-1",
        "fact": 1,
    }
    assert hall.one(CallNext("1")).data["number"] == "A001"


def test_what_was_not_printed_is_cancelled_and_seen_as_such(hall: Hall) -> None:
    issued = asked(hall)
    failed, cancelled = hall.do(
        fact(1, "print_failed", None, "disp-1", ticket=issued.data["ticket"], reason="paper_out")
    )
    assert (failed.type, failed.data["reason"], failed.data["fact"]) == ("hall.ticket.print_failed", "paper_out", 1)
    assert cancelled.type == "hall.ticket.cancelled"
    assert cancelled.data == {
        "ticket": issued.data["ticket"],
        "number": "A001",
        "window": None,
        "staff": None,
        "to_service": None,
        "to_window": None,
        "reason": "not_printed",
    }
    assert not hall.state.tickets
    assert not hall.state.printing
    assert asked(hall).data["number"] == "A002"


def test_the_places_are_those_of_asking_not_of_printing(hall: Hall) -> None:
    first, second = asked(hall), asked(hall)
    assert second.data["ahead"] == 1
    hall.do(TicketPrinted(second.data["ticket"], "disp-1"))
    hall.do(TicketPrinted(first.data["ticket"], "disp-1"))
    assert line(hall) == ["A001", "A002"]


def test_who_shows_the_paper_at_a_window_can_be_called_by_number(hall: Hall) -> None:
    issued = asked(hall)
    assert hall.one(Call("1", "A001")).data["ticket"] == issued.data["ticket"]
    # The box comes back and says what is known by then: nothing moves.
    hall.one(TicketPrinted(issued.data["ticket"], "disp-1"))
    assert hall.state.tickets[issued.data["ticket"]].state is TicketState.CALLED
    failed = hall.one(PrintFailed(issued.data["ticket"], "disp-1", "power_cut"))
    assert failed.type == "hall.ticket.print_failed"


def test_a_printer_of_the_hubs_own_that_fails_takes_a_waiting_ticket_back(hall: Hall) -> None:
    issued = hall.one(IssueTicket("A", "kiosk"))
    hall.do(PrintFailed(issued.data["ticket"], "printer-1", "paper_out"))
    assert line(hall) == []


def test_a_reprint_that_fails_leaves_the_ticket(hall: Hall) -> None:
    issued = asked(hall)
    hall.do(TicketPrinted(issued.data["ticket"], "disp-1"))
    hall.do(PrintFailed(issued.data["ticket"], "disp-1", "paper_out", reprint=True))
    again = hall.one(TicketPrinted(issued.data["ticket"], "disp-1", reprint=True))
    assert again.data["reprint"] is True
    assert line(hall) == ["A001"]


def test_words_about_a_ticket_that_is_gone_are_kept_as_facts_and_refused_as_commands(hall: Hall) -> None:
    assert hall.one(fact(1, "printed", None, "disp-1", ticket="f" * 16)).type == "hall.ticket.printed"
    with pytest.raises(Refusal, match="is open"):
        hall.do(TicketPrinted("f" * 16, "disp-1"))
    odd = hall.one(fact(2, "printed", None, "disp-1", ticket=7))
    assert odd.type == "hall.device.fact_unreadable"


def test_unconfirmed_numbers_can_be_cancelled_and_are_swept(hall: Hall) -> None:
    first = asked(hall)
    asked(hall)
    hall.do(CancelTicket(first.data["ticket"]))
    assert [event.data["number"] for event in hall.do(Sweep(now=True, staff="manager"))] == ["A002"]
    assert not hall.state.printing


# --- leases


def test_a_lease_is_a_range_that_nobody_else_gives(hall: Hall) -> None:
    asked(hall)
    granted = hall.one(LEASE)
    assert granted.type == "hall.lease.granted"
    assert granted.data["business_date"] == "2026-11-23"
    assert granted.data["ranges"] == [
        {"service": "A", "first": 990, "last": 999},
        {"service": "B", "first": 990, "last": 999},
    ]
    other = hall.one(GrantLease("disp-2", ("A",), 10, 60_000))
    assert other.data["ranges"] == [{"service": "A", "first": 980, "last": 989}]
    assert asked(hall).data["number"] == "A002"


def test_the_halls_own_numbers_jump_over_what_is_leased(hall: Hall) -> None:
    asked(hall)
    hall.one(GrantLease("disp-1", ("A",), 100, 60_000))
    hall.state.counters["A"] = 899
    assert asked(hall).data["number"] == "A1000"


def test_a_service_with_a_last_number_leases_from_it_down_and_ends_before() -> None:
    layout = Layout("h", 480, (Service("A", "A", "社保", last_number=30),), (Window("1", "1", ("A",)),))
    hall = Hall(queueing_state.new(layout))
    assert hall.one(GrantLease("d", ("A",), 10, 1)).data["ranges"] == [{"service": "A", "first": 21, "last": 30}]
    for _ in range(20):
        asked(hall)
    with pytest.raises(Refusal, match="end with 30"):
        asked(hall)
    with pytest.raises(Refusal, match="No service has numbers left"):
        hall.do(GrantLease("e", ("A",), 10, 1))


def test_a_device_has_two_open_leases_at_most(hall: Hall) -> None:
    first = hall.one(LEASE)
    hall.one(LEASE)
    with pytest.raises(Refusal, match="close one first"):
        hall.do(LEASE)
    hall.do(CloseLease(first.data["lease"]))
    hall.one(LEASE)
    with pytest.raises(Refusal, match="1 to 100"):
        hall.do(GrantLease("disp-2", ("A",), 101, 1))
    with pytest.raises(Refusal, match="no service"):
        hall.do(GrantLease("disp-2", ("X",), 1, 1))


def test_tickets_given_while_away_come_in_by_their_time_behind_everyone_called(hall: Hall) -> None:
    lease = hall.one(LEASE).data["lease"]
    hall.do(IssueTicket("A", "desk"))
    hall.pass_ms(10 * MINUTE_MS)
    hall.do(IssueTicket("A", "desk"))
    hall.do(CallNext("1"))
    issued, printed = away(hall, 990, lease, at=5)
    assert (issued.type, issued.data["number"], issued.data["lease"]) == ("hall.ticket.issued", "A990", lease)
    assert issued.data["token_sha256"] == "ab" * 32
    assert issued.time_ms == MORNING_MS + 5 * MINUTE_MS
    assert (printed.type, printed.data["fact"]) == ("hall.ticket.printed", 1)
    away(hall, 991, lease, at=10, n=2)
    # A001 is called and stays so; A990 came before A002, A991 with it.
    assert line(hall) == ["A990", "A002", "A991"]
    assert hall.state.windows["1"].ticket is not None


def test_they_come_in_once(hall: Hall) -> None:
    lease = hall.one(LEASE).data["lease"]
    away(hall, 990, lease, at=1)
    assert away(hall, 990, lease, at=1) == []
    assert line(hall) == ["A990"]
    # Under another fact number it is a second paper of the same number: void, and seen.
    *_, cancelled = away(hall, 990, lease, at=1, n=2)
    assert (cancelled.type, cancelled.data["reason"]) == ("hall.ticket.cancelled", "number_taken")
    assert line(hall) == ["A990"]


def test_paper_that_failed_while_away_is_seen_and_void(hall: Hall) -> None:
    lease = hall.one(LEASE).data["lease"]
    kinds = [event.type for event in away(hall, 990, lease, at=1, reason="no_answer")]
    assert kinds == ["hall.ticket.issued", "hall.ticket.print_failed", "hall.ticket.cancelled"]
    assert not hall.state.tickets


def test_what_was_not_used_is_voided_by_name(hall: Hall) -> None:
    lease = hall.one(GrantLease("disp-1", ("A",), 3, 60_000)).data["lease"]
    away(hall, 997, lease, at=1)
    closed = hall.one(CloseLease(lease, "returned"))
    assert closed.type == "hall.lease.closed"
    assert closed.data["used"] == 1
    assert closed.data["voided"] == [{"service": "A", "numbers": ["A998", "A999"]}]
    assert hall.do(CloseLease(lease)) == []
    # They stay void: a new lease goes on below.
    assert hall.one(GrantLease("disp-1", ("A",), 3, 60_000)).data["ranges"][0]["last"] == 996


def test_a_ticket_of_a_day_that_is_over_is_void_and_brings_no_day_back(hall: Hall) -> None:
    lease = hall.one(LEASE).data["lease"]
    hall.pass_ms(DAY_MS)
    hall.do(IssueTicket("A", "desk"))
    *_, cancelled = away(hall, 990, lease, at=5)
    assert cancelled.data["reason"] == "lease_over"
    assert hall.state.business_date == "2026-11-24"
    assert line(hall) == ["A001"]


def test_a_new_business_day_begins_its_leases_anew(hall: Hall) -> None:
    hall.do(LEASE)
    hall.pass_ms(DAY_MS)
    assert hall.one(LEASE).data["ranges"][0] == {"service": "A", "first": 990, "last": 999}
    assert hall.state.leases.keys() == {event.data["lease"] for event in hall.events if "ranges" in event.data}


def test_a_lease_that_the_journal_lost_is_honoured_and_not_leased_again(hall: Hall) -> None:
    away(hall, 985, "9" * 16, at=1)
    assert line(hall) == ["A985"]
    assert hall.one(LEASE).data["ranges"][0] == {"service": "A", "first": 975, "last": 984}


def test_a_restored_journal_leases_nothing_that_the_lost_part_may_have(hall: Hall) -> None:
    data = {"from_ms": MORNING_MS, "to_ms": MORNING_MS, "numbers_skipped": 60}
    apply(hall.state, Event("hall.journal.restored", "journal", data, MORNING_MS))
    assert hall.one(LEASE).data["ranges"][0]["last"] == 939
    assert asked(hall).data["number"] == "A061"
    apply(hall.state, Event("hall.journal.restored", "journal", data | {"numbers_skipped": 600}, MORNING_MS))
    assert int(asked(hall).data["number"][1:]) < leases.lowest_leased(hall.state, LAYOUT.services[0], "2026-11-23")


def test_leases_follow_a_date_set_by_hand(hall: Hall) -> None:
    hall.now = Now(MORNING_MS, sure=False)
    hall.do(SetDate("2026-11-25", "manager"))
    assert hall.one(LEASE).data["business_date"] == "2026-11-25"
