"""Charts from the same rows as the table beside them: pygal's SVG, without its scripts, in the pages' own colours."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, tostring

import pygal
from markupsafe import Markup
from pygal.style import Style

# pygal hangs a hook into the interpreter's imports, for plugins of its own that nobody has here; Python warns of it at
# every import that finds nothing, anywhere in the process.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]

_SVG = "{http://www.w3.org/2000/svg}"
INK, INK_2, LINE = "#13222C", "#465560", "#D8DBD7"
DAI, DAI_LIGHT = "#0F4C5C", "#9DB9C1"
WIDTH = 760
MAX_LABELS = 24  # beyond that every n-th is written
LABEL_CHARS = 12  # longer names are cut; the table has them whole
ROW_CHARS = 90  # narrow characters that stand beside each other under a chart

_COMMON = dict[str, Any](
    background="transparent",
    plot_background="transparent",
    foreground=INK_2,
    foreground_strong=INK,
    foreground_subtle=LINE,
    guide_stroke_color=LINE,
    major_guide_stroke_color=LINE,
    font_family='"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif',
    label_font_size=13,
    major_label_font_size=13,
    value_font_size=12,
    legend_font_size=13,
    no_data_font_size=16,
)
_DARK, _LIGHT = Style(**_COMMON, colors=(DAI,)), Style(**_COMMON, colors=(DAI_LIGHT,))


@dataclass(frozen=True, slots=True)
class Bars:
    """One row of bars: title says what is drawn, with its unit; None leaves a gap."""

    title: str
    labels: Sequence[str]
    values: Sequence[float | int | None]
    light: bool = False
    height: int = 220
    largest: float | None = None


def bars(wanted: Bars) -> Markup:
    """An SVG image whose description carries every number."""
    longest = max((_width(label) for label in wanted.labels), default=0)
    crowded = min(longest, LABEL_CHARS * 2) * min(len(wanted.labels), MAX_LABELS) > ROW_CHARS
    chart = pygal.Bar(
        style=_LIGHT if wanted.light else _DARK,
        width=WIDTH,
        height=wanted.height,
        show_legend=False,
        margin=8,
        spacing=6,
        print_values=False,
        x_label_rotation=35 if crowded else 0,
        truncate_label=LABEL_CHARS,
        range=(0, wanted.largest or max([value for value in wanted.values if value is not None], default=0) or 1),
        max_scale=5,
        js=(),
        no_data_text="",
    )
    every = -(-len(wanted.labels) // MAX_LABELS)
    chart.x_labels = list(wanted.labels)
    chart.x_labels_major = list(wanted.labels)[::every]
    chart.show_minor_x_labels = every == 1
    chart.add("", list(wanted.values))
    tree: Element = chart.render_tree()
    _strip(tree)
    told = ", ".join(
        f"{label} {value:g}" for label, value in zip(wanted.labels, wanted.values, strict=True) if value is not None
    )
    tree.set("role", "img")
    tree.set("aria-label", f"{wanted.title}: {told}")
    return Markup(tostring(tree, encoding="unicode").replace("ns0:", "").replace(":ns0", ""))  # noqa: S704 - pygal escapes


def _width(text: str) -> int:
    """In narrow characters; a hanzi takes two."""
    return sum(1 if ord(letter) < 0x2E80 else 2 for letter in text)


def _strip(element: Element) -> None:
    """Takes out scripts, which our pages don't allow, and the hover parts that need them."""
    for child in list(element):
        if (
            not isinstance(child.tag, str)
            or child.tag in ("script", f"{_SVG}script")
            or child.get("class") in ("tooltip-overlay", "plot overlay")
        ):
            element.remove(child)
        else:
            _strip(child)
