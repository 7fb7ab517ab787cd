"""Every limit of the journal, with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """Reaching one is an error that its caller sees, never a silent cut."""

    # One commit's rows: about 1.5 MB of WAL, some 20 ms on a slow card, so that nobody waits long behind a burst.
    commit_rows: int = 2_000
    # Rows waiting for the disk: two seconds of the aimed rate; about 20 MB. Beyond it: `JournalBusy`.
    queued_rows: int = 20_000
    # The database: 30 years of a county hall (20 MB a day) would be 150 GB; this is what a common disk can spare,
    # and it ends in a refusal long before the disk does. Beyond it: `JournalFull`.
    max_bytes: int = 32 * 1024**3
    # Left free on the disk for the WAL's checkpoint, the registry's new file and the log. Below it: `JournalFull`.
    min_free_bytes: int = 64 * 1024**2
    # First replies kept for commands sent again: more than a day of the largest hall (60,000 commands), and longer
    # than any client of ours goes on trying.
    replies_kept: int = 100_000
    # Rows read at a time when replaying: bounds memory, costs nothing.
    replay_rows: int = 1_000
