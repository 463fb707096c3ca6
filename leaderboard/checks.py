"""What is checked of an entry by itself, at `submit`, at `leaderboard check` and where pull requests are tested."""

from pathlib import Path

from leaderboard import bundle
from leaderboard.bundle import Bundle
from leaderboard.questions import Questions
from leaderboard.reading.text import shown
from leaderboard.refused import Refused


def check(path: Path, questions: Questions) -> Bundle:
    """The entry in a file that is called by it; `Refused` with the code of the first rule that it breaks."""
    found = bundle.load(path, questions)
    if path.name != f"{found.manifest.entry}.zip":
        raise Refused("file-name", f"{shown(path.name)}; expected {found.manifest.entry}.zip, as the entry is called")
    return found


def facts(found: Bundle, questions: Questions) -> str:
    """What an accepted entry is, in words, without a score."""
    told = found.manifest
    missing = len(questions.sets) - len(told.tests)
    seeds = f"{len(found.answers.mean)} answers" if len(found.answers.mean) > 1 else "one answer"
    law = "its own quantiles" if found.answers.quantiles is not None else "normal laws"
    return ", ".join(
        (
            f"entry {told.entry} of team {told.team}",
            f"{len(told.tests)} of {len(questions.sets)} test sets" + f" ({missing} missing: unranked)" * bool(missing),
            f"{seeds} to {sum(test.rows for test in told.tests):,} rows, {law}",
            f"{found.size / 1e6:.2f} MB, SHA-256 {found.sha256}",
        )
    )
