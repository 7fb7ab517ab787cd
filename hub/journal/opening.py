"""Opening a journal that may be damaged: what is sound is opened, what is not is renewed first."""

from hub.journal.errors import JournalCorrupt
from hub.journal.renewal import Hall, finish, renew
from hub.journal.storage import Storage


def open_sound(storage: Storage, hall: Hall) -> str:
    """Opens and verifies; returns the journal's id. Lets everything go on failure."""
    try:
        # A power cut may have come between setting aside and putting in place.
        finish(storage.path)
        try:
            return _open(storage, hall)
        except JournalCorrupt as error:
            storage.disconnect()
            renew(storage.path, hall, str(error))
            return _open(storage, hall)
    except BaseException:
        storage.close()
        raise


def _open(storage: Storage, hall: Hall) -> str:
    journal = storage.open(hall.id, hall.new_id)
    storage.verify(journal)
    return journal
