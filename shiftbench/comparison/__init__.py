"""Recipes of a finished run against each other: differences with their tests, ranks, and where the variance lies."""
