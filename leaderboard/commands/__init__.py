"""`shiftbench leaderboard`: check, add, verify, rank and show entries; hold rounds."""

from cyclopts import App

app = App(name="leaderboard", help="Check, add, verify, rank and show entries; hold rounds.")
app.command(
    "leaderboard.commands.check:check",
    name="check",
    help="Check entries as the leaderboard does: accepted, or refused with the rule.",
)
app.command(
    "leaderboard.commands.add:add",
    name="add",
    help="Add an entry to a folder and its ledger; supersede, challenge or withdraw one.",
)
app.command(
    "leaderboard.commands.verify:verify",
    name="verify",
    help="Read all entries again, recompute every score, and check the ledger.",
)
app.command("leaderboard.commands.rank:rank", name="rank", help="Score and rank the entries of a folder.")
app.command("leaderboard.commands.site:site", name="site", help="Write the pages of the entries of a folder.")
app.command("leaderboard.commands.rounds:app", name="round", help="Open, reveal and score a round with a secret.")
