"""The hall's tables, out of a hub and into it."""
