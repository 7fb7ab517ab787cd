"""The root of this room's errors."""


class DeviceError(Exception):
    """A box could not be flashed, provisioned or listed; the text says why and what to do."""
