"""`tingting hub install` and `tingting center install`: user, folders, configuration, unit and stable port names."""
