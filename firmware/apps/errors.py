"""What goes wrong in the applications: one root for the three of them."""


class AppError(Exception):
    """A state machine was handed something that it can't take."""


class IllegalEventError(AppError):
    """This event is impossible in this state; nothing has changed."""
