"""The role of this build, by one name for all of them.

These sources are an evaluator's; a build for another role links that role's module of firmware/roles/ in this one's
place, so that a box carries only its own (tools/device/build.py).
"""

from firmware.roles.evaluator import NAME, WIRE_ROLE, open_box, open_keys

__all__ = ["NAME", "WIRE_ROLE", "open_box", "open_keys"]
