"""What happened to entries: the ledger, their folder, adding to both and verifying both."""
