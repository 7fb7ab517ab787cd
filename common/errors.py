"""The root of this room's errors."""


class CommonError(Exception):
    """Something given to a shared piece was not what its docstring asks for."""
