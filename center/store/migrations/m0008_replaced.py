"""Boxes in whose place another one stands: when that was told, and the epoch of the key that is dead since."""

STATEMENTS = (
    "ALTER TABLE devices ADD COLUMN replaced_ms INTEGER",
    "ALTER TABLE devices ADD COLUMN replaced_epoch TEXT",
)
