"""The hall's own configuration: what a manager changes while it runs. Rows in a file, checked, numbered, undone."""
