"""What a command says to programs is what docs/reference/device-json.md says of it."""

import json
import re
from typing import Any

from tools.checks.device_json import MEMBERS

FAILED = {"error", "text"}


def check(command: str, printed: str) -> None:
    """One object on one line; nothing in it that is not documented, and nothing documented left out."""
    told: dict[str, Any] = json.loads(printed)
    assert "\n" not in printed.strip()
    assert told["command"] == command
    members = set(told) - {"command", "ok"}
    if "error" in told:
        assert members == FAILED, members
        assert told["ok"] is False
        return
    documented = set(re.findall(r"`(\w+)`", MEMBERS[command]))
    assert members <= documented, members - documented
    top = re.sub(r": each with [^;]*|: null, or [^;]*|\([^)]*\)|; with `--hall` instead.*", "", MEMBERS[command])
    if not (command == "update" and "update" in told):
        assert set(re.findall(r"`(\w+)`", top)) <= members, set(re.findall(r"`(\w+)`", top)) - members
