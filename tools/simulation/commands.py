"""`tingting simulate`: the seeded hall from the command line."""

import os
import sys
import traceback

import click

from tools.simulation import ledger as book
from tools.simulation.run import Result, replay
from tools.simulation.run import run as small_hall
from tools.simulation.whole import whole


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=1), help="How many seeds to run.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0), help="The first seed.")
@click.option("--story", is_flag=True, help="Tell the whole story of each run.")
@click.option(
    "--small", is_flag=True, help="The hall without its center, slower and longer, as remembered seeds know it."
)
@click.option("--ledger", is_flag=True, help="Note in the repository's ledger what was run at which commit.")
def simulate(seeds: int, first: int, story: bool, small: bool, ledger: bool) -> None:
    """Run the seeded whole-hall fault simulation.

    Bad lines, power cuts, full and failing disks, clocks that jump, killed hubs and centers, boxes replaced, new
    firmwares good and bad, a journal restored from a backup, on simulated time; each logged press must be at the center
    exactly once with its grade, each paper must have its number and each call its key.
    """
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of text have another order in every process, and a seed must be the same run everywhere.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606 - this very program
    if small and ledger:
        raise click.UsageError("The ledger is of the whole hall; leave out --small or --ledger.")
    begun_at = book.commit() if ledger else ""  # somebody may commit while it runs
    results = []
    for seed in range(first, first + seeds):
        result = _played(seed, small=small)
        results.append(result)
        if story:
            click.echo("\n".join(result.story))
        if result.wrong:
            click.echo(result.report())
        else:
            click.echo(f"seed {seed}: ok, {result.presses} presses, {result.facts} facts, {result.seconds:.1f} s")
        result.story.clear()  # of thousands of seeds it would be all of the memory
    _sum(results)
    failed = [result.seed for result in results if result.wrong]
    if ledger:
        entry = book.Entry(
            commit=begun_at,
            first=first,
            seeds=seeds,
            failed=failed,
            facts=sum(result.facts for result in results),
            presses=sum(result.presses for result in results),
            hubs_killed=sum(result.crashes for result in results),
            centers_killed=sum(result.centers for result in results),
            restores=sum(result.restores for result in results),
            replaced=sum(result.replaced for result in results),
            cpu_s=round(sum(result.seconds for result in results), 1),
        )
        click.echo(f"ledger: {book.total(book.add(entry))}")
    if failed:
        click.echo(f"simulate: {len(failed)} FAILED; the first again: {replay(failed[0], whole=not small)}")
        raise SystemExit(1)
    where = "in the journal" if small else "at the center"
    click.echo(f"simulate: every logged press is {where} exactly once")


def _played(seed: int, *, small: bool) -> Result:
    """A hall that breaks down is a finding like any other, and the seeds after it are run all the same."""
    try:
        return small_hall(seed) if small else whole(seed)
    except Exception as error:
        click.echo("".join(traceback.format_exception(error)))
        return Result(seed, [f"the hall broke down: {error!r}"], [], 0, 0, 0, 0.0, whole=not small)


def _sum(results: list[Result]) -> None:
    def total(what: str) -> int:
        return sum(getattr(result, what) for result in results)

    facts, seconds = total("facts"), sum(result.seconds for result in results)
    click.echo(
        f"simulate: {len(results)} seeds, {total('presses')} presses, {total('papers')} papers, "
        f"{total('calls')} keys of callers, {facts} facts, "
        f"{total('crashes')} hubs and {total('centers')} centers killed, {total('restores')} restored from a backup, "
        f"{total('replaced')} boxes replaced, {total('trials')} firmwares tried, of which {total('updated')} were good "
        f"and {total('went_back')} went back, {facts / max(seconds, 1e-9):.0f} facts/s"
    )
