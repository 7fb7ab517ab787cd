"""`make check`: every check in order, a line each, and a clear end."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools.checks import firmware_types, footprint, generated, links, messages, outside, private, scripts, words
from tools.checks.rooms import ROOT

# Output longer than this hides its own beginning; the tool itself shows the rest.
_SHOWN_LINES = 60

Check = Callable[[], list[str]]


def tool(program: str, *arguments: str) -> Check:
    """A check that runs a program of the environment and passes when it ends with 0."""

    def run() -> list[str]:
        words = [str(Path(sys.executable).with_name(program)), *arguments]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return []
        return (done.stdout + done.stderr).strip().splitlines() or [f"ended with {done.returncode}"]

    return run


CHECKS: tuple[tuple[str, Check, str], ...] = (
    ("format", tool("ruff", "format", "--check", "--quiet", "--diff", "."), "make format"),
    ("lint", tool("ruff", "check", "--quiet", "."), "make format mends what can be mended; the rest is named above"),
    ("types", tool("mypy"), "mend the types named above"),
    ("boards", firmware_types.check, "mend the types named above; the stubs are those of the boards"),
    (
        "footprint",
        footprint.check,
        "make it smaller, or record it on purpose: python -m tools.checks.footprint --write",
    ),
    ("rooms", outside.check, "keep the room's limits, or change its row and say why in docs/decisions"),
    (
        "imports",
        tool("lint-imports", "--no-logo", "--no-cache"),
        "keep the room's row in tools/checks/rooms.py, or change it and say why",
    ),
    ("links", links.check, "mend the links named above"),
    ("generated", generated.check, "make docs"),
    ("messages", messages.check, "give them their Chinese in common/catalogue/<room>.zh_CN.po"),
    ("words", words.check, "say the one word that docs/reference/words.md has for it"),
    ("private", private.check, "name no package host and no path of a machine"),
    ("scripts", scripts.check, "mend the shell scripts named above"),
)


def main() -> int:
    """Runs everything, so that one run shows all there is to mend."""
    failed = []
    for name, check, remedy in CHECKS:
        print(f"check: {name:<10} ", end="", flush=True)
        problems = check()
        print("ok" if not problems else "FAILED")
        if problems:
            failed.append(name)
            print("\n".join(f"    {line}" for line in problems[:_SHOWN_LINES]))
            if len(problems) > _SHOWN_LINES:
                print(f"    … and {len(problems) - _SHOWN_LINES} lines more")
            print(f"    what to do: {remedy}")
    if failed:
        print(f"check: {len(failed)} of {len(CHECKS)} failed: {', '.join(failed)}")
        return 1
    print(f"check: all {len(CHECKS)} passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
