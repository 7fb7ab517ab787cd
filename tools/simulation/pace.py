"""How long a run is, and how much happens in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in milliseconds or seconds of the simulated clock; pairs are the shortest and the longest."""

    storm_ms: int  # citizens and faults
    quiet_ms: int  # everything healed: what is underway ends, what is unsent arrives
    citizens: int
    serve_s: tuple[float, float]  # one citizen at a window
    between_s: tuple[float, float]  # two citizens at a window
    idle_presses: int  # of a box: fewer than so many, with nobody invited
    paper_ms: tuple[int, int]  # two people at the dispenser
    clerk_ms: tuple[int, int]  # two keys of the caller
    restart_ms: tuple[int, int]  # how long a killed hub is away
    cut_ms: tuple[int, int]  # one direction of an evaluator's line
    desk_cut_ms: tuple[int, int]  # of caller's and dispenser's: long enough for a dispenser to be alone
    killed_on_press: float  # share of logged presses in whose way the hub is killed
    ends_early: bool  # the quiet ends when everything has arrived; its length is then the limit


# As remembered seeds knew it: one evening's hour in six minutes, most of it heartbeats.
SLOW = Pace(
    storm_ms=240_000,
    quiet_ms=120_000,
    citizens=30,
    serve_s=(0.5, 4.0),
    between_s=(2.0, 30.0),
    idle_presses=5,
    paper_ms=(1_000, 8_000),
    clerk_ms=(500, 3_000),
    restart_ms=(200, 15_000),
    cut_ms=(1_000, 25_000),
    desk_cut_ms=(5_000, 45_000),
    killed_on_press=0.15,
    ends_early=False,
)
# The whole hall, center included: no window waits for its next citizen, and children play with the keys.
BUSY = Pace(
    storm_ms=30_000,
    quiet_ms=120_000,
    citizens=40,
    serve_s=(0.2, 1.0),
    between_s=(0.1, 1.0),
    idle_presses=300,
    paper_ms=(500, 3_000),
    clerk_ms=(400, 1_500),
    restart_ms=(200, 4_000),
    cut_ms=(500, 11_000),
    desk_cut_ms=(1_000, 20_000),
    killed_on_press=0.02,
    ends_early=True,
)
