"""The key that seals the boxes' secrets, in plain words, as its file on the hub's machine shows it."""

from tools.operations.keys import State
from tools.operations.report import Finding, Mark, Speak


def of_key(state: State, _: Speak) -> list[Finding]:
    """From the key file and the registry's, on the hub's machine."""
    words = {"place": state.place, "keys": ", ".join(state.keys), "sealed": state.sealed, "of": state.boxes}
    if state.problem:
        text = _("Hub's key: %(why)s.") % {"why": state.problem}
        if state.sealed:
            todo = _(
                "Put back the key file that this hub had, before its next start (docs/how-to/keep-the-hubs-key.md)."
            )
        else:
            todo = _("Nothing is sealed yet: tingting hub key make, then start the hub again.")
        return [Finding("key", Mark.BAD, text, todo)]
    text = _("Hub's key: %(keys)s in %(place)s; %(sealed)s of %(of)s secrets are sealed, and it opens them.") % words
    found = [Finding("key", Mark.WELL, text)]
    if len(state.keys) > 1:
        todo = _("Stop the hub and type: tingting hub key rotate")
        found.append(Finding("key", Mark.BAD, _("Hub's key: an exchange of keys was not ended."), todo))
    if state.open_to_others:
        todo = _("chmod 600 the file; on a stick with FAT, mount it for root only.")
        found.append(Finding("key", Mark.BAD, _("Hub's key: others than its owner may read %(place)s.") % words, todo))
    if state.beside_data:
        text = _("Hub's key: it is on the same disk as the data: copies are protected, a stolen disk is not.")
        found.append(Finding("key", Mark.NOTE, text))
    return found
