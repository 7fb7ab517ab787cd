"""The journal's way to the center."""
