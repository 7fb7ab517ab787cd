"""Links, private names and scripts: what is broken is found, what is right passes."""

import subprocess
from pathlib import Path

import pytest

from tools.checks import links, private, scripts, words


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("[a](other.md)", None),
        ("[a](other.md#a-part-of-it)", None),
        ("[a](other.md#中文-标题)", None),
        ("[a](#here)", None),
        ("[a](https://example.org/x)", None),
        ("`[a](nothing.md)`", None),
        ("```\n[a](nothing.md)\n```", None),
        ("[a](../other.md)", "leads nowhere"),
        ("![a](picture.svg)", "leads nowhere"),
        ("[a]: nothing.md", "leads nowhere"),
        ("[a](other.md#no-part)", "names a heading that is not there"),
        ("[a](#nowhere)", "names a heading that is not there"),
        ('<img src="none.svg" alt="">', "leads nowhere"),
    ],
)
def test_links(tmp_path: Path, link: str, found: str | None) -> None:
    other = "# Other\n## A part, of `it`\n## 中文 标题\n```\n# no part\n```\n"
    _write(tmp_path, {"docs/page.md": f"# Here\n\n{link}\n", "docs/other.md": other})
    problems = links.broken(tmp_path / "docs/page.md", tmp_path)
    assert [line.partition("docs/page.md: ")[2].split(" ", 1)[1] for line in problems] == ([found] if found else [])


def test_a_heading_seen_twice_has_two_anchors() -> None:
    assert links.anchors("# One\n# One\n") == {"one", "one-1"}


def test_a_host_and_a_path_are_found() -> None:
    text = "fine\nsee https://" + "pypi" + ".org/simple\nopen '/" + "work/main'\nbuild/" + "work/x and src/root/y\n"
    assert [line for line, _ in private.findings(text)] == [2, 3]


def test_a_script_that_does_not_parse_is_found(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    _write(tmp_path, {"good.sh": "echo ok\n", "bad": "#!/usr/bin/env bash\nif true; then\n"})
    problems = scripts.check(tmp_path)
    assert problems
    assert all("bad" in line for line in problems)


def test_a_second_name_for_a_thing_is_found(tmp_path: Path) -> None:
    page = "| English | Chinese | what it is | never |\n|---|---|---|---|\n| hub | 主机, 大厅主机 | it | 中枢, 枢纽 |\n"
    _write(tmp_path, {
        "docs/reference/words.md": page,
        "common/catalogue/a.po": 'msgid "hub"\nmsgstr "主机"\n',
        "docs/page.zh-CN.md": "主机\n看中枢\n",
        "hub/page.html": "枢纽",
        "build/page.md": "中枢",
    })  # fmt: skip
    assert words.check(tmp_path) == ["docs/page.zh-CN.md:2: 中枢: say 主机", "hub/page.html:1: 枢纽: say 主机"]


def test_the_project_s_own_text_is_clean() -> None:
    assert links.check() + private.check() + scripts.check() + words.check() == []
    assert len(words.lost((words.ROOT / words.PAGE).read_text("utf-8"))) > 10
