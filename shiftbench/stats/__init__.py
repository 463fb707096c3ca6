"""Uncertainty: resampling, random effects, many comparisons, power; arrays in, numbers out."""
