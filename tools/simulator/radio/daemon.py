"""A private D-Bus daemon in a folder of its own: nothing of it is seen by the machine's system bus."""

import asyncio
import shutil
from pathlib import Path

from tools.simulator.errors import SimulatorError

START_TIMEOUT_S = 20.0  # 10 ms alone
_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class BusDaemon:
    """Started, stopped and started again at one address."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bus"
        self._configuration = folder / "bus.conf"
        self._log = folder / "bus.log"
        self._process: asyncio.subprocess.Process | None = None
        self.address = f"unix:path={self._path}"

    async def start(self) -> None:
        """Returns when it listens."""
        program = shutil.which("dbus-daemon")
        if program is None:
            raise SimulatorError("dbus-daemon is missing: apt-get install dbus (make setup does)")
        self._path.unlink(missing_ok=True)
        self._configuration.write_text(_CONFIGURATION.format(path=self._path), "utf-8")
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                program,
                f"--config-file={self._configuration}",
                "--nofork",
                "--nopidfile",
                "--print-address",
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise SimulatorError(f"dbus-daemon did not start at {self._path}: {self._log.read_text('utf-8')}")

    async def stop(self) -> None:
        """Everybody on it loses their connection."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._process = None
