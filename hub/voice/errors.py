"""What can go wrong with the voice; none of it may reach a call."""

from hub.errors import HubError


class VoiceError(HubError):
    """The voice can't do this; the text says what and what to do."""


class EngineError(VoiceError):
    """The speech engine gave no sound."""


class CardError(VoiceError):
    """The sound card took no sound."""
