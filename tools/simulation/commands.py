"""`tingting simulate`: the seeded hall from the command line."""

import os
import sys

import click

from tools.simulation.run import replay, run


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=1), help="How many seeds to run.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0), help="The first seed.")
@click.option("--story", is_flag=True, help="Tell the whole story of each run.")
def simulate(seeds: int, first: int, story: bool) -> None:
    """Run the seeded whole-hall fault simulation.

    Bad lines, power cuts and killed hubs on simulated time; each logged press must be in the journal exactly once, each
    paper must have its number and each call its key.
    """
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of text have another order in every process, and a seed must be the same run everywhere.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606 - this very program
    failed = []
    presses = facts = crashes = papers = calls = 0
    seconds = 0.0
    for seed in range(first, first + seeds):
        result = run(seed)
        presses, facts, crashes = presses + result.presses, facts + result.facts, crashes + result.crashes
        papers, calls = papers + result.papers, calls + result.calls
        seconds += result.seconds
        if story:
            click.echo("\n".join(result.story))
        if result.wrong:
            failed.append(seed)
            click.echo(result.report())
        else:
            click.echo(f"seed {seed}: ok, {result.presses} presses, {result.facts} facts, {result.seconds:.1f} s")
    click.echo(
        f"simulate: {seeds} seeds, {presses} presses, {papers} papers, {calls} keys of callers, {facts} facts, "
        f"{crashes} hubs killed, "
        f"{facts / max(seconds, 1e-9):.0f} facts/s"
    )
    if failed:
        click.echo(f"simulate: {len(failed)} FAILED; the first again: {replay(failed[0])}")
        raise SystemExit(1)
    click.echo("simulate: every logged press is in the journal exactly once")
