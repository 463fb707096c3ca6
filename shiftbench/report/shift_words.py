"""What the numbers say, in words: one sentence over each figure, made from the numbers that it shows."""

from shiftbench.report import frame as read
from shiftbench.report.frame import NOMINAL, Dose, Number, Scores
from shiftbench.report.shift_tables import Sweep
from shiftbench.report.tables import decimal, percent

Pair = tuple[Number, Number]
"""A number at dose 0 and at another dose."""

PARTS = {
    "genome": "Covariate shift (genome): other sequences than those trained on; what a sequence does stays the same.",
    "program": "Concept shift (program): the same sequences as those trained on; what they do changes.",
    "assay": "Measurement shift (assay): sequences and biology stay the same; how they are measured changes.",
}
GROWTH, TWICE, MISS, FALL = 0.05, 2.0, 0.03, 0.05
"""Error counts as grown from +5 % and from twice what chance moves it by, intervals as failing from 3 points under
nominal with the interval below it, and a correlation as fallen from -.05: a shift that makes values differ less lowers
every error."""


def change(before: float, after: float, chance: Number) -> str:
    """How many times the error is what it was, and what a second draw of the training law alone moves it by."""
    if before <= 0:
        return ""
    moved = f"; chance alone moves it by {decimal(chance.value, 2)}" if chance.defined else ""
    return f"(×\u00a0{decimal(after / before, 2)}{moved})"


def verdict(
    before: Number, after: Number, held: Number, tells: Pair = (read.NOT_SCORED, read.NOT_SCORED),
    chance: Number = read.NOT_SCORED,
) -> str:  # fmt: skip
    """What error and coverage together mean; `tells`: correlation before and after; `chance`: as of the null shift."""
    rise = after.value - before.value
    grown = rise > before.value * GROWTH and not rise <= TWICE * chance.value
    less = "it tells values apart worse, though its error does not grow"
    if not held.defined:
        if not grown:
            return less if fallen(tells) else "it gives no intervals"
        return "it errs more, and gives no intervals that could say so"
    if fails(held):
        return "it is wrong and does not know it" if grown else "its error stays, but its error bars are too narrow"
    if grown:
        return "it errs more, and its error bars still say so"
    return less if fallen(tells) else "it takes little harm"


def fails(held: Number) -> bool:
    """Whether intervals hold clearly too few new measurements."""
    return held.value < NOMINAL - MISS and not held.high >= NOMINAL


def fallen(tells: Pair) -> bool:
    """Whether a correlation is clearly lower than it was; an undefined one is not."""
    return tells[1].value < tells[0].value - FALL


def dose_effect(shift: str, dose: Dose, found: Sweep) -> str:
    """Error, coverage and correlation of the leader at a dose against dose 0; empty without its error."""
    recipe = found.leader
    tells = _pair(shift, dose, recipe, found.correlation)
    before, after = _pair(shift, dose, recipe, found.errors)
    start, held = _pair(shift, dose, recipe, found.coverage)
    if not (before.defined and after.defined):
        return ""
    moves = "grows" if after.value > before.value else "goes"
    text = (
        f"Under {shift} at {dose.label} the error of {recipe} {moves} from {decimal(before.value, 2)} to "
        f"{decimal(after.value, 2)} {change(before.value, after.value, found.chance)}"
    )
    if held.defined:
        at_first = f" ({percent(start.value)} at dose 0)" if start.defined else ""
        text += f" and its {percent(NOMINAL)} intervals hold {percent(held.value)} of new measurements{at_first}"
    if tells[0].defined and tells[1].defined:
        text += f"; its correlation goes from {decimal(tells[0].value, 2)} to {decimal(tells[1].value, 2)}"
    return f"{text}: {verdict(before, after, held, tells, found.chance)}."


def filtering(shift: str, dose: Dose, found: Sweep) -> str:
    """Whether keeping the half that the leader is surest of still helps at a dose; empty where that is undefined."""
    before, after = _pair(shift, dose, found.leader, found.filtered)
    if not after.defined:
        return ""
    at_first = f" ({percent(before.value)} at dose 0)" if before.defined else ""
    if after.low > 0:
        means = "filtering by its stated SD helps"
    else:
        means = "filtering by its stated SD does harm" if after.high < 0 else "filtering shows no clear benefit"
    return f"Keeping the half it is surest of removes {percent(after.value)} of the squared error{at_first}: {means}."


def _pair(shift: str, dose: Dose, recipe: str, scores: Scores) -> Pair:
    return read.at(scores, shift, "0", recipe), read.at(scores, shift, dose.name, recipe)


def oracle_gap(shift: str, dose: Dose, recipe: str, errors: Scores) -> str:
    """How the excess of a recipe's error over the oracle divides at a dose; empty where it does not."""
    model, source, oracle = (read.at(errors, shift, dose.name, name) for name in (recipe, read.SOURCE, read.ORACLE))
    if not (model.defined and source.defined and oracle.defined):
        return ""
    lost, own = source.value - oracle.value, model.value - source.value
    if lost >= 0.005:
        text = (
            f"Noise alone makes the oracle of the shifted world err by {decimal(oracle.value, 2)}. "
            f"The source oracle, which does not know of the shift, errs by {decimal(source.value, 2)}: the "
            f"difference of {decimal(lost, 2)} cannot be won back without data from the shifted world."
        )
    else:
        text = (
            f"Noise alone makes any oracle err by {decimal(source.value, 2)}; not knowing of the shift costs nothing."
        )
    if own < 0:
        return f"{text} {recipe} errs by {decimal(-own, 2)} less than the source oracle."
    return f"{text} The other {decimal(own, 2)} is the failure of {recipe} itself."


def not_reached(dose: Dose, errors: Scores, shift: str) -> str:
    """Why a dose has no numbers."""
    place = (shift, dose.name)
    reasons = [number.reason for key, number in errors.items() if key[:2] == place and key[3] == "none"]
    return f"{dose.label.capitalize()} of {shift} has no numbers: {reasons[0]}." if reasons else ""


def partly_reached(shift: str, dose: Dose, reached: int, every: int) -> str:
    """That a dose has numbers of some worlds only; empty where it has them of all or of none."""
    if not 0 < reached < every:
        return ""
    return (
        f"{dose.label.capitalize()} of {shift} is reached in {reached} of {every} worlds: its numbers are means over "
        "those, and those of dose 0 over all."
    )


def heat(scaled: Scores, recipe: str, tops: dict[str, Dose]) -> str:
    """How far a network comes between floor and ceiling, on the training law and at the largest dose of each shift."""
    start = read.at(scaled, "", "0", recipe)
    ends = {shift: read.at(scaled, shift, dose.name, recipe) for shift, dose in tops.items()}
    found = sorted((end.value, f"{shift}, {tops[shift].label}") for shift, end in ends.items() if end.defined)
    if not (start.defined and found):
        return ""
    (low, worst), (high, best_) = found[0], found[-1]
    over = (
        f"from {decimal(low, 2)} ({worst}) to {decimal(high, 2)} ({best_})"
        if len(found) > 1
        else f"{decimal(low, 2)} ({worst})"
    )
    blank = [shift for shift, end in ends.items() if not end.defined]
    return (
        f"On the scale from the training mean (0) to the source oracle (1), {recipe} scores "
        f"{decimal(start.value, 2)} on new sequences of the training law, and {over} at the largest dose of each shift."
        + (f" There is no such scale for {', '.join(blank)}: the notes under the table say why." if blank else "")
    )


def tally(tops: dict[str, Dose], found: Sweep) -> str:
    """Shifts by what their largest dose does to the leader; empty for fewer than two."""
    recipe, named = found.leader, dict[str, list[str]]()
    for shift, dose in tops.items():
        before, after = _pair(shift, dose, recipe, found.errors)
        if before.defined and after.defined:
            held = read.at(found.coverage, shift, dose.name, recipe)
            tells = _pair(shift, dose, recipe, found.correlation)
            named.setdefault(verdict(before, after, held, tells, found.chance), []).append(shift)
    if sum(map(len, named.values())) < 2:
        return ""
    told = [
        f"{text} under {', '.join(shifts)}" for text, shifts in sorted(named.items(), key=lambda item: -len(item[1]))
    ]
    return f"What the largest dose of each shift does to {recipe}: {'; '.join(told)}."


def worst(part: str, tops: dict[str, Dose], recipe: str, errors: Scores) -> str:
    """Which shift of a part raises the error of a recipe most; empty for fewer than two."""
    found = {shift: read.at(errors, shift, dose.name, recipe) for shift, dose in tops.items()}
    errs = {shift: number.value for shift, number in found.items() if number.defined}
    if len(errs) < 2:
        return ""
    most = max(errs, key=lambda shift: errs[shift])
    named = f"{most} leaves {recipe} with the largest error"
    return f"Of {len(errs)} shifts of the {part}, {named} ({decimal(errs[most], 2)})."


def chance(recipe: str, moved: Number) -> str:
    """What the null shift tells; empty where it was not scored."""
    if not moved.defined:
        return ""
    over = f" (root mean square over {moved.fits} fits)" if moved.fits > 1 else ""
    return (
        f"A second draw of the training law (the null shift) moves the error of {recipe} by "
        f"{decimal(moved.value)}{over}: a gap of that size is chance."
    )
