"""The `tingting` command: one line for hub, center, demo, simulation, benchmarks and devices.

A command's room is imported when the command is called, so that `tingting --help` answers at once.
"""

import importlib
from typing import Final, NamedTuple

import click
from click.shell_completion import get_completion_class

COMPLETION_VARIABLE: Final = "_TINGTING_COMPLETE"  # the name click derives from the program's

EPILOG: Final = """\b
Completion of commands and options in your shell:
  bash   tingting completion bash > ~/.local/share/bash-completion/completions/tingting
  zsh    tingting completion zsh > "${fpath[1]}/_tingting"
  fish   tingting completion fish > ~/.config/fish/completions/tingting.fish
"""


class Entry(NamedTuple):
    """Where a command lives, and its line in the overview."""

    module: str
    attribute: str
    line: str


ENTRIES: Final = {
    "hub": Entry("tools.servers", "hub", "Run a hall's hub."),
    "center": Entry("tools.servers", "center", "Run the center that the halls report to."),
    "hall": Entry("tools.hall.commands", "hall", "Export and import a hall: windows, services, staff, devices."),
    "demo": Entry("tools.demo.commands", "demo", "Run a whole hall on this machine, with boxes to press."),
    "simulate": Entry("tools.simulation.commands", "simulate", "Run the seeded whole-hall fault simulation."),
    "bench": Entry("tools.bench.commands", "bench", "Run the benchmarks: a table, and build/bench.json."),
    "doctor": Entry("tools.operations.commands", "doctor", "Check the chain from each box to the center."),
    "device": Entry("tools.device.commands", "device", "Flash, provision and look after the boxes."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the overview."""
        return [*ENTRIES, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        command = getattr(importlib.import_module(entry.module), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing anything."""
        rows = [(name, entry.line) for name, entry in ENTRIES.items()]
        rows += [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tingting", prog_name="tingting")
def cli() -> None:
    """听厅 Tingting: the software a government service hall runs on."""


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "tingting", COMPLETION_VARIABLE).source())


def main() -> None:
    """The console script's entry."""
    cli(prog_name="tingting")


if __name__ == "__main__":
    main()
