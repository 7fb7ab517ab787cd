"""The key that the pipe process seals with."""

KEY = bytes(range(16))
