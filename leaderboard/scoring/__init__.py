"""Numbers of entries, recomputed: cells, averages, ranks, near-copies and flags."""
