"""The verbs of the leaderboard: `shiftbench submit` and `shiftbench leaderboard ...`."""

from cyclopts import App

app = App(name="leaderboard", help="Check, add, verify, rank and show entries; hold rounds.")
app.command("leaderboard.commands.check:check", name="check")
app.command("leaderboard.commands.add:add", name="add")
app.command("leaderboard.commands.verify:verify", name="verify")
app.command("leaderboard.commands.rank:rank", name="rank")
app.command("leaderboard.commands.site:site", name="site")
app.command("leaderboard.commands.rounds:app", name="round")
