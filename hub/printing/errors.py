"""What can go wrong with a printer."""

from hub.errors import HubError


class PrintingError(HubError):
    """The root of this room's errors."""


class PrinterAddressError(PrintingError):
    """This is no address of a printer; the text says which are."""


class PrinterGoneError(PrintingError):
    """The printer can't be reached, or went away."""


class UnknownPrinterError(PrintingError):
    """This hall has no such printer."""
