"""What the verbs of the command line do, a module each or for a few of one kind."""
