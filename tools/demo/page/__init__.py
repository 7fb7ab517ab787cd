"""The demo's page: the virtual boxes and what is going on."""
