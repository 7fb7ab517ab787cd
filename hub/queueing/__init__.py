"""The hall's rules, pure: `decide(state, command, now, ids) -> events`, `apply(state, event) -> state`, views.

Standard library only; no I/O, no clock, no chance. Deterministic: the same journal gives the same state.
"""
