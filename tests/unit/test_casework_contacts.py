"""A contact is sealed while its case is open, and nowhere afterwards."""

import secrets
from pathlib import Path

import pytest

from center.casework.contacts import MAX_CONTACT_CHARS, Contacts
from center.casework.errors import CaseworkError

CONTACT = "13900001111"


def everywhere(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_contact_is_kept_over_a_restart_and_never_in_the_clear(tmp_path: Path) -> None:
    Contacts(tmp_path, secrets.token_bytes).keep("h1.aa", CONTACT)
    assert CONTACT.encode() not in everywhere(tmp_path)
    again = Contacts(tmp_path, secrets.token_bytes)
    assert again.show("h1.aa") == CONTACT
    assert again.show("h1.bb") is None
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_destroyed_contact_leaves_neither_text_nor_seal(tmp_path: Path) -> None:
    contacts = Contacts(tmp_path, secrets.token_bytes)
    contacts.keep("h1.aa", CONTACT)
    contacts.keep("h1.bb", "keep@example.cn")
    salt, sealed = contacts._entries["h1.aa"]
    assert contacts.destroy("h1.aa")
    assert not contacts.destroy("h1.aa")
    left = everywhere(tmp_path)
    assert salt.encode() not in left
    assert sealed.encode() not in left
    assert Contacts(tmp_path, secrets.token_bytes).show("h1.bb") == "keep@example.cn"


def test_a_contact_opens_for_its_own_case_only(tmp_path: Path) -> None:
    contacts = Contacts(tmp_path, secrets.token_bytes)
    contacts.keep("h1.aa", CONTACT)
    contacts._entries["h1.bb"] = contacts._entries["h1.aa"]
    with pytest.raises(CaseworkError, match=r"h1\.bb"):
        contacts.show("h1.bb")


@pytest.mark.parametrize("contact", ["", "   ", "x" * (MAX_CONTACT_CHARS + 1)])
def test_what_is_no_contact_is_refused(tmp_path: Path, contact: str) -> None:
    with pytest.raises(CaseworkError, match="100"):
        Contacts(tmp_path, secrets.token_bytes).keep("h1.aa", contact)


def test_lost_and_damaged_files_are_named(tmp_path: Path) -> None:
    Contacts(tmp_path, secrets.token_bytes).keep("h1.aa", CONTACT)
    key = (tmp_path / "contacts.key").read_bytes()
    (tmp_path / "contacts.key").unlink()
    with pytest.raises(CaseworkError, match=r"contacts\.key"):
        Contacts(tmp_path, secrets.token_bytes)
    (tmp_path / "contacts.key").write_bytes(key[:5])
    with pytest.raises(CaseworkError, match="5 bytes"):
        Contacts(tmp_path, secrets.token_bytes)
    (tmp_path / "contacts.key").write_bytes(key)
    (tmp_path / "contacts.json").write_text("[1]", "utf-8")
    with pytest.raises(CaseworkError, match=r"contacts\.json"):
        Contacts(tmp_path, secrets.token_bytes)
