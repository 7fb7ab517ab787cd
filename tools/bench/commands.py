"""`tingting bench`: the benchmarks from the command line."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from tools.bench import ble, boards, center, day, hall, hub_accept, hub_offline, results, small, years
from tools.bench.results import Result


def _hall() -> list[Result]:
    return asyncio.run(hall.measure())


# Each is told whether to be quick.
GROUPS: dict[str, Callable[[bool], list[Result]]] = {
    "wire": lambda _: small.wire(),
    "firmware": lambda quick: small.firmware_size() + small.wear(quick),
    "hall": lambda _: _hall(),
    "accept": lambda quick: asyncio.run(hub_accept.measure(quick)),
    "offline": lambda quick: asyncio.run(hub_offline.measure(quick)),
    "boards": lambda quick: asyncio.run(boards.measure(quick)),
    "day": lambda quick: asyncio.run(day.measure(quick)),
    "ble": lambda quick: asyncio.run(ble.measure(quick)),
    "simulation": lambda _: small.simulation(),
    "center-ingest": center.ingest_group,
    "center-1m": center.report_1m,
    "center-10m": center.report_10m,
    "years": lambda quick: asyncio.run(years.measure(quick)),
}
# Only when it is asked for: it writes 400 days of a hall first, for a quarter of an hour.
ALONE = ("years",)


@click.command()
@click.option("--only", type=click.Choice(list(GROUPS)), multiple=True, help="Run only these groups.")
@click.option("--quick", is_flag=True, help="Run the loads in a form so small that their figures mean nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=results.FILE, help="The file to write.")
def bench(only: tuple[str, ...], quick: bool, out: Path) -> None:
    """Run the benchmarks: a table, and build/bench.json.

    They drive the shipped code and processes; beside each value stands a limit that was measured in the same run.
    """
    found: list[Result] = []
    for name in only or [name for name in GROUPS if name not in ALONE]:
        click.echo(f"bench: {name} …", err=True)
        try:
            fresh = GROUPS[name](quick)
        except small.BenchError as error:
            raise click.ClickException(str(error)) from error
        click.echo(results.table(fresh))
        found += fresh
    results.write(found, out)
    click.echo(f"bench: written to {out}")
