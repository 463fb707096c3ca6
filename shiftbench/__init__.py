"""Benchmark of sequence-to-expression models under distribution shift."""

__version__ = "0.1.0"
