"""What `tingting device … --json` has in it, as docs/reference/device-json.md shows it."""

import re
from typing import Final

from tools.device.reach import WRONGS

_PLACE: Final = re.compile(r"%\(\w+\)s")
# Members besides `command` and `ok`. Tests hold what the commands print against this.
MEMBERS: Final = {
    "fetch": "`device`; `facts`: how many came",
    "flash": "`port`, `role`, `board`, `version`; `files`: how many belong there; `copied`, `kept`, `removed`; "
    "`seconds`; `micropython`: null, or `version` and `written` (false: it was there already)",
    "identify": "`devices`: the boxes that blink; `for_s`",
    "image": "`out`, `role`, `board`, `version`, `files`",
    "label": "`device`, `window`; `stickers`: where the labels went",
    "link": "`port`, `device`; `was` and `line`: over which it spoke, and speaks",
    "list": "`boxes`: each with `device`, `role`, `window`, `board`, `firmware`, `online`, `silent_s`, `port`, `line`, "
    "`radio_dbm` (null: nobody knows) and `wrong`; `ports`: each with `port`, `description`, `stays`; `left`: those "
    "not asked, as the hub prints or shows there; `hub`; `radio`: null, or `heard` or `deaf` where this "
    "machine listened",
    "log": "`port`; `entries`: each with `boot`, `after_s`, `what`, `value`, `at_s`",
    "maintain": "`box`; `maintenance`: whether its application is off",
    "provision": "`port`, `device`, `window`, `stickers`; `displaced`: who stood there before",
    "replace": "`port`, `device`, `replaces`, `window`",
    "selftest": "`device`, `well`, `noted`, `keys`, `dead`, `lamps`, `sounds`, `shows`",
    "sign": "`bundle`, `bytes`; `targets`: each with `role`, `board`, `version`",
    "signing-key": "`file`, `public`",
    "traceback": "`version`, `traceback`",
    "update": "`port`, `device`, `was`, `version`, `slot`, `copied`, `kept`; with `--hall` instead `update`: as "
    "`GET /api/v1/updates` shows it, null where there was none, not ok when it stopped by itself",
}


def members() -> str:
    """One row a command."""
    rows = ["| command | members |", "|---|---|"]
    return "\n".join(rows + [f"| `{name}` | {text} |" for name, text in sorted(MEMBERS.items())])


def codes() -> str:
    """What `tingting device list` itself finds wrong."""
    rows = ["| code | what | what to do |", "|---|---|---|"]
    for code, (message, todo) in sorted(WRONGS.items()):
        what = _PLACE.sub("…", message).replace("%%", "%")
        rows.append(f"| `{code}` | {what} | {todo} |")
    return "\n".join(rows)
