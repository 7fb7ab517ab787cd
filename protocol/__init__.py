"""The wire between a box and its hub (SPEC.md), once for both Pythons: no I/O, no clock, no chance of its own."""
