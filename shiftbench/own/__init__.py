"""A user's own data, from files without code: a table of sequences with measured activity, or of variants."""
