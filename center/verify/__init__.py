"""Exports for outside checks, and the check: chains and a month's notice made again from the events alone."""
