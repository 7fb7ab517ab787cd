"""Signs that somebody may be rating for others: evidence with how likely it is by chance, never a punishment."""
