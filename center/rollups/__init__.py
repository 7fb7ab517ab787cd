"""From facts to cells of figures: what counts, where, and once. Pure, and the same for every engine."""
