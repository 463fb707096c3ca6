"""Where the marks of a chart lie; templates/charts.html draws them, without any styling of its own."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leaderboard.scoring.standing import Interval

WIDTH, HEIGHT = 320, 216
"""Of a panel, in its own units."""
LEFT, RIGHT, TOP, BOTTOM = 30, 10, 18, 34
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from `low` to `high`, told as shares of the room that it is given."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Place of a value in 0..1; what lies outside is held at the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def percent(self, value: float) -> str:
        """Place of a value, as an SVG length."""
        return f"{100 * self.at(value):.2f}%"

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low - 1e-9 <= value <= self.high + 1e-9

    def ticks(self, most: int = 5) -> list[float]:
        """Round numbers along it."""
        step = next((one for one in STEPS if (self.high - self.low) / one <= most), STEPS[-1])
        first = math.ceil(self.low / step - 1e-9)
        return [round(place * step, 6) for place in range(first, math.floor(self.high / step + 1e-9) + 1)]


def score_axis(found: Sequence[Interval]) -> Axis:
    """One scale for all scores of a table: floor and ceiling, and further down where the values need it."""
    lows = [one.value for one in found if not math.isnan(one.value)]
    return Axis(max(-1.0, math.floor(min([0.0, *lows]) * 10) / 10), 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one line in a panel, with the class that styles it; `dots`: marks instead of a line."""

    style: str
    points: tuple[tuple[float, float], ...]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A small chart: its `title` and `said` (what a screen reader says), axes with their names, and its lines.

    `band`: two lines between which the ground is shaded, or none.
    """

    title: str
    said: str
    x: Axis
    y: Axis
    x_name: str
    y_name: str
    x_ticks: tuple[float, ...]
    lines: tuple[Line, ...]
    band: tuple[Line, Line] | None = None
    link: str = ""

    def px(self, value: float) -> str:
        """Place from the left."""
        return f"{LEFT + self.x.at(value) * (WIDTH - LEFT - RIGHT):.1f}"

    def py(self, value: float) -> str:
        """Place from the top."""
        return f"{TOP + (1 - self.y.at(value)) * (HEIGHT - TOP - BOTTOM):.1f}"

    def path(self, line: Line) -> str:
        """Path of a line; a missing point breaks it."""
        parts, pen = [], "M"
        for x, y in line.points:
            if math.isnan(y):
                pen = "M"
                continue
            parts.append(f"{pen}{self.px(x)} {self.py(y)}")
            pen = "L"
        return "".join(parts)

    def marks(self, line: Line) -> list[tuple[str, str]]:
        """Centres of the points of a line that are known."""
        return [(self.px(x), self.py(y)) for x, y in line.points if not math.isnan(y)]

    def ground(self) -> str:
        """Path of the shaded ground; empty without."""
        if self.band is None:
            return ""
        upper, lower = self.band
        points = [*upper.points, *reversed(lower.points)]
        if any(math.isnan(y) for _, y in points):
            return ""
        return "M" + "L".join(f"{self.px(x)} {self.py(y)}" for x, y in points) + "Z"


def known(values: Iterable[float]) -> list[float]:
    """Those that are defined."""
    return [float(value) for value in values if not math.isnan(value)]


def mean(values: Iterable[float]) -> float:
    """Mean of those that are defined; NaN without any."""
    defined = known(values)
    return sum(defined) / len(defined) if defined else math.nan
