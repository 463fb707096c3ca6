"""Predictors: controls, oracles and networks."""
