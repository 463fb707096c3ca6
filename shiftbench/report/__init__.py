"""One self-contained page from the results of a run: `page.write`, and `compact.compact` for the terminal."""
