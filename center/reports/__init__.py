"""Rates, times, ranks and what the overview shows, from the store's answers. Pure."""
