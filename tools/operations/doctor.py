"""`tingting doctor`: the chain from a box to the center, link by link, each by its own means."""

import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

from common.settings import SettingsError
from hub import config as hub_config
from hub.config import Config
from hub.errors import HubError
from hub.hall.errors import HallError
from hub.hall.rows import Rows
from hub.hall.store import HALL_FILE, current
from tools.device import diary
from tools.device.errors import DeviceError
from tools.operations import boxes, doors, keys, secrets_report, status
from tools.operations.doors import Unreachable
from tools.operations.errors import OperationsError
from tools.operations.report import Finding, Mark, Speak

DISPENSER = "dispenser"  # it has no window
NO_JOURNAL = "0" * 16  # a hub that is down tells none; the cursor door answers for any


class Doctor:
    """One examination. `hub` and `token` where the doctor sits on another machine than the hub."""

    def __init__(self, config: Path, hub: str, token: str, speak: Speak, cable: str = "") -> None:
        """cable: the port of a box whose diary is read, too."""
        self._path = config
        self._hub = hub
        self._token = token
        self._speak = speak
        self._cable = cable
        self._ready: dict[str, Any] | None = None
        self._rows: Rows | None = None

    def findings(self) -> list[Finding]:
        """Every link, in the order of the chain; what can't be looked at without an earlier one is said so."""
        config, first = self._configuration()
        found = [first, self._process()]
        if self._ready is not None:
            found += [status.journal(self._ready["journal"], self._speak), status.clock(self._ready, self._speak)]
            found += status.secrets(self._ready.get("secrets"), self._speak)
        found += self._key(config)
        found += self._ports()
        found += self._boxes()
        found += self._windows()
        found += self._diary()
        found += self._center(config)
        return found

    def _configuration(self) -> tuple[Config | None, Finding]:
        _ = self._speak
        try:
            config = hub_config.load(self._path)
            self._rows = current(Path(config.paths.data) / HALL_FILE, hub_config.rows(config))
        except (SettingsError, HallError) as error:
            todo = _("Mend what it names; sudo helps where only a right is missing. Then start the hub again.")
            return None, Finding("configuration", Mark.BAD, _("Settings: %(error)s") % {"error": error}, todo)
        except OSError as error:
            todo = _("Type it again with sudo, or say --config.")
            return None, Finding("configuration", Mark.BAD, _("Settings: %(error)s") % {"error": error}, todo)
        words = {"path": self._path, "windows": len(self._rows.windows), "lines": len(self._rows.links)}
        text = _("Settings: %(path)s can be used: %(windows)s windows, %(lines)s lines.") % words
        return config, Finding("configuration", Mark.WELL, text)

    def _process(self) -> Finding:
        _ = self._speak
        try:
            url = self._hub or doors.address(self._path)
            self._ready = doors.ready(url, self._token)
        except Unreachable as error:
            todo = _("Start it: sudo systemctl start tingting-hub; why it ended: journalctl -u tingting-hub -n 50")
            return Finding(
                "hub", Mark.BAD, _("Hub: nothing answers at %(url)s (%(why)s).") % {"url": url, "why": error}, todo
            )
        except OperationsError as error:
            return Finding("hub", Mark.BAD, _("Hub: %(why)s") % {"why": error})
        return Finding("hub", Mark.WELL, _("Hub: it answers at %(url)s.") % {"url": url})

    def _key(self, config: Config | None) -> list[Finding]:
        """The key of the boxes' secrets, where this machine has the hub's data."""
        _ = self._speak
        if config is None or not Path(config.paths.data).is_dir():
            return []
        try:
            state = keys.look(self._path, os.urandom)
        except (HubError, OSError) as error:
            todo = _("Type it again with sudo, or say --config.")
            return [Finding("key", Mark.UNKNOWN, _("Hub's key: not checked (%(why)s)") % {"why": error}, todo)]
        return secrets_report.of_key(state, _)

    def _ports(self) -> list[Finding]:
        """Serial ports of this machine: there, and the hub has the right to open them."""
        _ = self._speak
        if self._rows is None:
            return [Finding("port", Mark.UNKNOWN, _("Ports: not checked, the settings can't be read."))]
        if not self._rows.links:
            text = _("Ports: no line is configured, so no box can be heard.")
            return [
                Finding(
                    "port",
                    Mark.BAD,
                    text,
                    _("Add [[links]] with the port's name; tingting device list shows the ports."),
                )
            ]
        found = []
        refused = (
            {entry["url"]: entry["why"] for entry in self._ready["lines"] if not entry["open"]} if self._ready else {}
        )
        for link in self._rows.links:
            words = {"url": link.url, "why": refused.get(link.url, "")}
            if link.url.startswith("/dev/") and not Path(link.url).exists():
                todo = _(
                    "Plug it in. If its name changed: tingting device list shows it; names below /dev/tingting stay."
                )
                found.append(Finding("port", Mark.BAD, _("Port %(url)s: is not there.") % words, todo))
            elif link.url in refused:
                todo = _("The hub's user must be in the group dialout, and no other program may have the port open.")
                found.append(
                    Finding("port", Mark.BAD, _("Port %(url)s: the hub can't open it (%(why)s).") % words, todo)
                )
            elif self._ready is None:
                found.append(
                    Finding("port", Mark.UNKNOWN, _("Port %(url)s: not asked, the hub doesn't answer.") % words)
                )
            else:
                found.append(Finding("port", Mark.WELL, _("Port %(url)s: the hub has it open.") % words))
        return found

    def _boxes(self) -> list[Finding]:
        """Heard, proven, stored."""
        _ = self._speak
        if self._ready is None:
            return [Finding("box", Mark.UNKNOWN, _("Boxes: not checked, the hub doesn't answer."))]
        found = []
        for entry in self._ready["lines"]:
            if not entry["open"]:
                continue  # said with the ports
            heard = status.line(entry, _)
            found.append(Finding("box", heard.mark, heard.text, heard.todo))
            if entry["device"] is not None:
                found.append(self._stored(entry))
        there = {entry["device"] for entry in self._ready["lines"]}
        found += [status.device(entry, _) for entry in self._ready["each_device"] if entry["device"] not in there]
        return found

    def _windows(self) -> list[Finding]:
        """Window by window what its boxes tell of themselves; then those of no window, such as dispensers."""
        if self._rows is None or self._ready is None:
            return []
        _ = self._speak
        todo = _("If it is to ask for grades: tingting device provision with --window.")
        found = []
        for window in self._rows.windows:
            here = [entry for entry in self._ready["each_device"] if entry["window"] == window.id]
            if not here:
                text = _("Window %(window)s: no box is registered for it.") % {"window": window.id}
                found.append(Finding("window", Mark.NOTE, text, todo))
            for entry in here:
                found += boxes.findings(entry, _)
        for entry in self._ready["each_device"]:
            if entry["window"] is None and entry["role"] == DISPENSER:
                found += boxes.findings(entry, _)
        return found

    def _diary(self) -> list[Finding]:
        """What the box on a person's cable has noted of itself, the hub or none."""
        _ = self._speak
        if not self._cable:
            return []
        try:
            return [boxes.of_diary(self._cable, diary.read(self._cable), _)]
        except DeviceError as error:
            text = _("Diary of %(port)s: can't be read (%(why)s)") % {"port": self._cable, "why": error}
            return [Finding("diary", Mark.BAD, text, _("See that it is a box's USB port and that no program has it."))]

    def _stored(self, entry: dict[str, Any]) -> Finding:
        _ = self._speak
        words = {"device": entry["device"], "number": entry["unstored"]}
        if entry["unstored"]:
            return Finding("facts", Mark.NOTE, _("Facts of %(device)s: %(number)s are on their way.") % words)
        return Finding("facts", Mark.WELL, _("Facts of %(device)s: all are stored.") % words)

    def _center(self, config: Config | None) -> list[Finding]:
        """Reached, lets this hall in, has what the journal has."""
        _ = self._speak
        if config is None:
            return [Finding("center", Mark.UNKNOWN, _("Center: not checked, the settings can't be read."))]
        if config.center is None:
            return [status.uplink(None, 0, _)]
        base = config.center.url.rstrip("/")
        words: dict[str, Any] = {"url": base, "hall": config.hall.id}
        journal = NO_JOURNAL if self._ready is None else self._ready["journal"]["id"]
        try:
            code, said = doors.ask(
                f"{base}/api/v1/halls/{config.hall.id}/cursor?journal={journal}", config.center.token
            )
        except OperationsError as error:
            todo = _("Check the network and the center; the hub asks again by itself.")
            text = _("Center: nothing answers at %(url)s (%(why)s).") % (words | {"why": error})
            return [Finding("center", Mark.BAD, text, todo)]
        found = [Finding("center", Mark.WELL, _("Center: it answers at %(url)s.") % words)]
        if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            todo = (
                _("Put the center's token of this hall (token hall %(hall)s) into the token file, start the hub again.")
                % words
            )
            return [
                *found,
                Finding("token", Mark.BAD, _("Token: the center does not know it for hall %(hall)s.") % words, todo),
            ]
        if code != HTTPStatus.OK or not isinstance(said, dict):
            text = _("Token: the center answers %(code)s instead of its cursor.") % {"code": code}
            return [
                *found,
                Finding("token", Mark.BAD, text, _("Check url under [center]: it must be the center's own address.")),
            ]
        found.append(Finding("token", Mark.WELL, _("Token: the center lets hall %(hall)s in.") % words))
        if self._ready is not None:
            found.append(status.uplink(self._ready["uplink"], self._ready["journal"]["durable"], _))
        return found
