"""What a model is found to do before time is spent on training it."""
