"""The five caps, as in the design reference: told apart by shape, dots and words, all of one colour."""

from typing import Final, NamedTuple

from markupsafe import Markup


class Key(NamedTuple):
    """One key, in the order of the counter from left to right."""

    grade: int
    name: str
    name_en: str
    shape: Markup


def _dots(*centers: tuple[float, float]) -> str:
    return "".join(f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="1.5"/>' for x, y in centers)


_ROUND = '<circle class="cap" cx="20" cy="20" r="19"/><circle class="rim" cx="20" cy="20" r="17.8"/>'
_ARCH = '<path class="cap" d="M1 34V20a19 19 0 0 1 38 0v14a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3z"/>'
_BAR = '<rect class="cap" x="0" y="7.5" width="40" height="25" rx="12.5"/>'
_TRIANGLE = '<path class="cap" d="M3.2 2.5h33.6a3 3 0 0 1 2.6 4.5L22.6 36.5a3 3 0 0 1-5.2 0L.6 7a3 3 0 0 1 2.6-4.5z"/>'
_CROSS = (
    '<path class="cap" transform="rotate(45 20 20)" d="M15.5-1h9a2.5 2.5 0 0 1 2.5 2.5V13h11.5a2.5 2.5 0 0 1 2.5 2.5'
    "v9a2.5 2.5 0 0 1-2.5 2.5H27v11.5a2.5 2.5 0 0 1-2.5 2.5h-9a2.5 2.5 0 0 1-2.5-2.5V27H1.5A2.5 2.5 0 0 1-1 24.5v-9"
    'A2.5 2.5 0 0 1 1.5 13H13V1.5A2.5 2.5 0 0 1 15.5-1z"/>'
)

KEYS: Final = (
    Key(5, "非常满意", "Very satisfied", Markup(_ROUND + _dots((16, 16), (24, 16), (20, 20), (16, 24), (24, 24)))),  # noqa: S704
    Key(4, "满意", "Satisfied", Markup(_ARCH + _dots((16.5, 16.5), (23.5, 16.5), (16.5, 23.5), (23.5, 23.5)))),  # noqa: S704
    Key(3, "基本满意", "Fairly satisfied", Markup(_BAR + _dots((14, 20), (20, 20), (26, 20)))),  # noqa: S704
    Key(2, "不满意", "Dissatisfied", Markup(_TRIANGLE + _dots((16.5, 15), (23.5, 15)))),  # noqa: S704
    Key(1, "非常不满意", "Very dissatisfied", Markup(_CROSS + _dots((20, 20)))),  # noqa: S704
)
