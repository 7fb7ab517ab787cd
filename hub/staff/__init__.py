"""Who may sign in at a window: PINs, kept as hashes, and how often one may be tried."""
