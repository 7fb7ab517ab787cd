"""One target under atheris, in a process of its own: `python -m tests.fuzz.child TARGET [libFuzzer's arguments]`."""

import sys

import atheris

from tests.fuzz.target import MAX_BYTES
from tests.fuzz.targets import TARGETS


def main() -> None:
    """Ends by itself after -runs or -max_total_time; a finding ends it with the input in a file."""
    make, rooms = TARGETS[sys.argv[1]]
    with atheris.instrument_imports(include=list(rooms)):
        target = make()
    atheris.Setup([sys.argv[0], *sys.argv[2:], f"-max_len={MAX_BYTES}", "-print_final_stats=1"], target.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
