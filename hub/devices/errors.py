"""The root of this room's errors."""


class DevicesError(Exception):
    """Root."""


class RegistryError(DevicesError):
    """The registry file can't be used, or what was to be registered can't be; the text says what to do."""
