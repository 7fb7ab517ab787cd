"""`tingting demo`."""

import asyncio
import signal
from pathlib import Path
from typing import Final

import click
import msgspec

from tools.demo import faults, headless, watching
from tools.demo.counting import Count
from tools.demo.errors import DemoError
from tools.demo.headless import Order
from tools.demo.story import Story
from tools.simulator.errors import SimulatorError

MOST_CITIZENS: Final = 100_000  # a day of the largest hall ten times over; more belongs to the benchmarks

FAULTS: Final = {
    faults.CENTER_DOWN: "the center is killed for the middle third of the visits",
    faults.HUB_KILLS: "the hub is killed (SIGKILL) ten times, booted offline and killed offline included",
    faults.WIRES: "every line to a box is cut, pulled and garbled now and then",
    faults.POWER: "the boxes lose their power now and then",
}

HELP: Final = """Run a whole hall on this machine: the center, the hub, and three boxes with their real firmware on
genuine MicroPython, flashed and provisioned by the real tools. Citizens take numbers, are called, served, and rate.

Without --headless it serves a page with the boxes on which you press the keys yourself; Ctrl-C ends it.

With --headless it runs N citizens, ends by itself, and exits 0 only when every citizen's journey reached the
center exactly once, counted at the center's doors.

\b
Faults for --fault (may be given several times):
""" + "\n".join(f"  {name:<12} {meaning}" for name, meaning in FAULTS.items())


@click.command(help=HELP, short_help="Run a whole hall on this machine, with boxes to press.")
@click.option("--headless", "is_headless", is_flag=True, help="No page; run N citizens, report, and end.")
@click.option(
    "--citizens", type=click.IntRange(1, MOST_CITIZENS), default=200, show_default=True, help="How many come."
)
@click.option("--seed", type=int, default=1, show_default=True, help="What the citizens and the faults decide by.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this JSON file.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Leave all data in this (new or empty) folder: logs, journal, events.jsonl, pressed.jsonl.",
)
@click.option("--fault", "kinds", type=click.Choice(faults.KINDS), multiple=True, help="What goes wrong, see above.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; 0, the default, takes a free one."
)
def demo(
    *,
    is_headless: bool,
    citizens: int,
    seed: int,
    report: Path | None,
    keep: Path | None,
    kinds: tuple[str, ...],
    port: int,
) -> None:
    """See `HELP`."""
    if not is_headless and (report or keep or kinds):
        raise click.UsageError("--report, --keep and --fault belong to --headless.")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise click.UsageError(f"--keep {keep} is not empty; name a new folder.")
    story = Story(click.echo)
    order = Order(
        citizens=citizens,
        seed=seed,
        report=report,
        keep=keep.resolve() if keep else None,
        faults=frozenset(kinds),
    )
    try:
        found = asyncio.run(_until_signal(order if is_headless else None, seed, port, story))
    except* (DemoError, SimulatorError) as group:
        lines = [str(error) for error in _leaves(group)]
        raise click.ClickException("\n".join(lines)) from None
    if found is not None:
        _show(found)


async def _until_signal(order: Order | None, seed: int, port: int, story: Story) -> Count | None:
    """Runs the demo; a signal ends it in order, with everything it started."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    run = headless.run(order, story) if order is not None else watching.run(seed, port, story)
    work: asyncio.Task[Count | None] = asyncio.ensure_future(run)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        stopped.cancel()
        return work.result()
    story.step("ending: boxes, hub, center")
    work.cancel()
    await asyncio.wait({work})
    if not work.cancelled() and (error := work.exception()) is not None:
        raise error
    if order is not None:
        raise DemoError("ended by a signal before the last citizen had left; there is no report.")
    return None


def _show(found: Count) -> None:
    click.echo(msgspec.json.encode(found.report).decode())
    for complaint in found.complaints:
        click.echo(f"not as it should be: {complaint}", err=True)
    if found.complaints:
        raise SystemExit(1)
    click.echo("Every citizen's journey reached the center exactly once.")


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
