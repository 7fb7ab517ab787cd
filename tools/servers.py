"""`tingting hub` and `tingting center`: the servers' own programs under one command line."""

import os
import sys
from pathlib import Path

import click

from tools.center import accounts as people
from tools.center import commands as figures
from tools.install import commands as install
from tools.operations import backup_commands as backups
from tools.operations import commands as operations
from tools.operations import key_commands as keys

_CONFIG = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def hub() -> None:
    """Run, install and look after a hall's hub."""


@click.group()
def center() -> None:
    """Run, install and prove the center that the halls report to."""


@hub.command("run")
@click.option("--config", type=_CONFIG, required=True, help="The hub's TOML file; every key is in the reference.")
def run_hub(config: Path) -> None:
    """Serve the hall until a signal ends it. Tokens are printed once, at the first start."""
    _become("hub.main", config)


@center.command("run")
@click.option("--config", type=_CONFIG, required=True, help="The center's TOML file; every key is in the reference.")
def run_center(config: Path) -> None:
    """Serve the center until a signal ends it. Tokens are printed once, at the first start."""
    _become("center.main", config)


hub.add_command(install.install_hub)
hub.add_command(install.uninstall_hub)
hub.add_command(operations.hub_status)
hub.add_command(operations.hub_tokens)
hub.add_command(backups.backup)
hub.add_command(backups.restore)
hub.add_command(keys.key)
center.add_command(install.install_center)
center.add_command(install.uninstall_center)
center.add_command(operations.center_tokens)
center.add_command(figures.recompute)
center.add_command(figures.export)
center.add_command(figures.verify)
center.add_command(people.account)


def _become(module: str, config: Path) -> None:
    """Replaces this process by the server: one process a server, and signals reach it directly."""
    os.execv(sys.executable, [sys.executable, "-m", module, "--config", str(config)])  # noqa: S606 - no shell is meant
