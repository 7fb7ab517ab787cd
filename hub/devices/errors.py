"""The root of this room's errors."""

from hub.errors import HubError


class DevicesError(HubError):
    """Root."""


class RegistryError(DevicesError):
    """The registry file can't be used, or what was to be registered can't be; the text says what to do."""


class HubKeyError(DevicesError):
    """The hub's key is missing, wrong or no key; the text says which, never anything of it."""
