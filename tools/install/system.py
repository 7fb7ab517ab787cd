"""What a running system is told after files of an installation changed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.install.errors import InstallError

RUNNING = Path("/run/systemd/system")  # sd_booted(3)


def is_live(root: Path) -> bool:
    """Whether this installs into the system that runs, under systemd."""
    return root == Path("/") and RUNNING.is_dir()


def require_administrator(root: Path) -> None:
    """Raises `InstallError` unless the system may be changed."""
    if root == Path("/") and os.geteuid() != 0:
        raise InstallError("only the system's administrator may do this; type it again with sudo in front")


def preparing(server: str) -> list[list[str]]:
    """User, folders and names of the ports."""
    name = f"tingting-{server}"
    steps = [["systemd-sysusers", f"/etc/sysusers.d/{name}.conf"]]
    steps += [["systemd-tmpfiles", "--create", f"/etc/tmpfiles.d/{name}.conf"], ["systemctl", "daemon-reload"]]
    if server == "hub":
        steps += [["udevadm", "control", "--reload"], ["udevadm", "trigger", "--subsystem-match=tty"]]
    return steps


def starting(server: str, program: str) -> list[list[str]]:
    """Tokens first: they are shown here, once, and never in the service's log."""
    name = f"tingting-{server}"
    tokens = [program, server, "tokens", "--config", f"/etc/tingting/{server}.toml"]
    return [["runuser", "-u", name, "--", *tokens], ["systemctl", "restart", f"{name}.service"]]


def image_steps(server: str, root: Path) -> list[list[str]]:
    """What an image builder does besides, once the files are there."""
    name = f"tingting-{server}"
    return [
        ["systemd-sysusers", f"--root={root}", f"{name}.conf"],
        ["systemd-tmpfiles", f"--root={root}", "--create", f"{name}.conf"],
    ]


def stopping(server: str) -> list[list[str]]:
    """Before the unit goes."""
    return [["systemctl", "stop", f"tingting-{server}.service"]]


def run(steps: Sequence[Sequence[str]]) -> None:
    """One after another; raises `InstallError` with the one that failed."""
    for step in steps:
        if shutil.which(step[0]) is None:
            raise InstallError(f"{step[0]} is missing: this needs Raspberry Pi OS or Debian with systemd")
        done = subprocess.run(step, check=False)
        if done.returncode != 0:
            raise InstallError(f"`{' '.join(step)}` failed ({done.returncode}); mend what it says and install again")
