"""What `make audit` reads: both locks, whole, each file of each package with its hash, and no place to get it from."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements/base.txt", "requirements/dev.txt")


def test_every_locked_file_has_hashes_and_the_audit_reads_both() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\naudit:")[2].partition("\n\n")[0]
    assert "pip-audit --strict" in recipe
    assert "--require-hashes" in recipe
    for lock in LOCKS:
        assert lock in recipe
        text = (ROOT / lock).read_text("utf-8")
        for entry in re.split(r"\n(?=[a-z0-9])", text.partition("\n\n")[2] or text):
            if re.match(r"[a-z0-9]", entry):
                assert "==" in entry.splitlines()[0], entry
                assert "--hash=sha256:" in entry, entry
        assert not re.search(r"https?://|--index|--find-links", text)
