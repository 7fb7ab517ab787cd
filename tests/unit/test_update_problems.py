"""What a hub says against an update, in the language of who asked."""

import re
from typing import Any

import pytest

from common import catalogue
from hub.update_doors import TODO
from tools.device.errors import HubRefusedError
from tools.device.update_problems import worded

CHINESE = catalogue.translations(catalogue.CHINESE).gettext
PLACES = re.compile(r"--\w+|`[^`]*`|tingting [a-z -]+|hub\.toml|\[updates\] signer|\.pub|provision|ev-\d|signing-key")


def refused(kind: str, **more: Any) -> HubRefusedError:
    made = HubRefusedError("the hub at %(url)s refuses", url="x")
    made.problem = {"type": f"urn:tingting:problem:{kind}", "title": "Titled", "detail": "Detailed", **more}
    return worded(made)


@pytest.mark.parametrize(
    "kind", ["no-update-key", "update-under-way", "update-stopped", "update-over", "no-update", "not-kept"]
)
def test_each_kind_has_words_in_both_languages(kind: str) -> None:
    assert "Titled" not in refused(kind).said(str)
    assert not re.search("[A-Za-z]{2}", PLACES.sub("", refused(kind).said(CHINESE)))


@pytest.mark.parametrize("reason", ["damaged", "unsigned", "foreign", "wrong"])
def test_each_reason_not_to_believe_a_bundle_has_words(reason: str) -> None:
    said = refused("wrong-bundle", reason=reason).said(CHINESE)
    assert not re.search("[A-Za-z]{2}", PLACES.sub("", said)), said


def test_each_box_is_named_with_its_reason_and_only_so_many() -> None:
    errors = [{"device": f"ev-{n}", "reason": reason, "todo": "x"} for n, reason in enumerate(TODO)]
    for each in errors:
        said = refused("nothing-to-update", errors=[each]).said(CHINESE)
        assert each["device"] in said
        assert not re.search("[A-Za-z]{2}", PLACES.sub("", said)), said
    said = refused("nothing-to-update", errors=errors).said(CHINESE)
    assert [f"ev-{n}" in said for n in range(7)] == [True] * 5 + [False] * 2
    assert "还没有登记" in refused("nothing-to-update", errors=[]).said(CHINESE)
    assert "ev-7" in refused("update-on-trial", trying=["ev-7"]).said(CHINESE)


def test_what_it_has_no_words_for_stays_as_the_hub_said_it() -> None:
    assert refused("some-day").said(str) == "the hub at x refuses"
