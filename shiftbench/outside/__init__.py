"""Models from outside that are not trained here: predictors, frozen embeddings, and predictions made elsewhere."""
