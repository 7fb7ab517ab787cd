"""`tingting bench`: the benchmarks from the command line."""

import asyncio
from collections.abc import Callable

import click

from tools.bench import hall, results, small
from tools.bench.results import Result


def _hall() -> list[Result]:
    return asyncio.run(hall.measure())


GROUPS: dict[str, Callable[[], list[Result]]] = {
    "wire": small.wire,
    "firmware": small.firmware_size,
    "hall": _hall,
    "simulation": small.simulation,
}


@click.command()
@click.option("--only", type=click.Choice(list(GROUPS)), multiple=True, help="Run only these groups.")
def bench(only: tuple[str, ...]) -> None:
    """Run the benchmarks: a table, and build/bench.json.

    They drive the shipped code and processes; beside each value stands a limit that was measured in the same run.
    """
    found: list[Result] = []
    for name in only or GROUPS:
        click.echo(f"bench: {name} …", err=True)
        try:
            fresh = GROUPS[name]()
        except small.BenchError as error:
            raise click.ClickException(str(error)) from error
        click.echo(results.table(fresh))
        found += fresh
    results.write(found)
    click.echo(f"bench: written to {results.FILE.relative_to(results.ROOT)}")
