"""Programs that load the shipped processes from outside; each is a process of its own."""
