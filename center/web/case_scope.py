"""Which cases a reader may see, list by list."""

from dataclasses import replace

from center.casework.book import Wanted
from center.people.reader import Reader
from center.web.context import Center, parts_in_scope

PAGE = 50
SHOW = ("open", "reminders", "overdue", "ended")


def wanted_of(center: Center, reader: Reader, show: str, page: int) -> Wanted:
    """The cases in a reader's scope."""
    halls = parts_in_scope(center, reader)
    windows = {hall.id: seen for hall in halls if (seen := reader.scope.windows(hall)) is not None}
    wanted = Wanted([hall.id for hall in halls], windows, limit=PAGE, offset=page * PAGE)
    if show == "ended":
        return replace(wanted, ended=True)
    if show == "reminders":
        return replace(wanted, ended=False, reminded=reader.name)
    if show == "overdue":
        # The halls of a center share a day; where they don't, the earliest of their days calls nothing late too soon.
        today = min((center.desk.today(hall) for hall in halls), default=None)
        return replace(wanted, ended=False, overdue_on=today)
    return replace(wanted, ended=False)
