"""The root of this room's errors."""


class SimulatorError(Exception):
    """The simulated board can't do what was asked; the text says why and what to do."""
