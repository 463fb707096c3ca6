"""Bytes from outside: zip, JSON, text, NPY, Parquet and CSV, read in a process with limits."""
