"""Training: from a training set and a recipe to weights."""
