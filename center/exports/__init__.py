"""A province's record format: one internal enum, and a profile that says how that place writes it."""
