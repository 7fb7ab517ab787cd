"""Benchmarks: the shipped code and processes, driven from outside, each beside a limit measured in the same run."""
