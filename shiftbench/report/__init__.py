"""One self-contained page from the results of a run: `page.write`, and `tables.summary` for the terminal."""
