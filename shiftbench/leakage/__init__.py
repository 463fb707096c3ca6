"""What training sequences give away of the test sets of a task: duplicates, near ones, and the scores that they buy."""
