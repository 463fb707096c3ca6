"""Worlds beside real data: `python -m shiftbench.calibration` measures both and writes the table of a README."""
