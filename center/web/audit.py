"""The audit log: every change of who may do what, and every export taken, as an event of the center's own journal."""

from center.config import CenterSettings, Hall
from center.own import Happened
from center.people.reader import Reader
from center.web.context import Center

AUDIT = "_center"  # no hall has this id: the settings' pattern begins with a letter or a digit
PREFIX = "center.audit."


def audit_hall(settings: CenterSettings) -> Hall:
    """What stands for the center itself where a journal belongs to a hall; its time is that of the first hall."""
    halls = settings.halls
    return Hall(id=AUDIT, name=AUDIT, offset_minutes=halls[0].offset_minutes if halls else 0)


async def audit(center: Center, what: str, who: Reader, **said: str) -> None:
    """Durable when it returns."""
    hall = audit_hall(center.settings)
    async with center.own.lock(hall.id):
        data = {"who": who.name, "role": who.role} | said
        await center.own.append(hall, Happened(PREFIX + what, f"account/{said.get('account', who.name)}", data))
