"""What can be wrong with PINs."""

from hub.errors import HubError


class StaffError(HubError):
    """The root of this room's errors."""


class PinFileError(StaffError):
    """The file of PINs can't be used; the text names the entry."""


class UnknownStaffError(StaffError):
    """This hall has no such clerk."""


class BadPinError(StaffError):
    """This can't be a PIN; the text says what can."""
