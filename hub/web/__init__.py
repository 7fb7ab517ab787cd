"""The hall's pages and the hub's API."""
