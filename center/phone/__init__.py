"""The citizen's phone: a ticket's place in line, and once, within some days, the late rating with its reasons."""
