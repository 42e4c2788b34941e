"""The points of a sweep: every combination of lists of values, or some drawn at random from lists and ranges."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.errors import UserError, did_you_mean, listed
from framework.training.hyperparameters import Hyperparameter

__all__ = ["SEED", "Range", "points", "with_seed"]

SEED = Hyperparameter("seed", int, 0)
"""Which randomness a run starts from may be an axis, too."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both among them; with `log`, as many between 0.1 and 1 as between 1 and 10."""

    low: float
    high: float
    log: bool = False

    def draw(self, generator: random.Random, whole: bool) -> float:
        """One of them, of which four digits or more are left to chance; a whole number where that is asked for."""
        low, high = (self.low - 0.5, self.high + 0.5) if whole and not self.log else (self.low, self.high)
        if self.log:
            number = math.exp(generator.uniform(math.log(low), math.log(high)))
        else:
            number = generator.uniform(low, high)
        common = math.floor(math.log10(max(abs(self.low), abs(self.high)) / (self.high - self.low)))
        number = float(round(number)) if whole else float(f"{number:.{4 + max(0, common)}g}")
        number = min(max(number, self.low), self.high)
        return int(number) if whole else number


def points(
    known: Mapping[str, Hyperparameter],
    grid: Mapping[str, Sequence[Any]],
    ranges: Mapping[str, Range],
    number: int | None,
    seed: int,
) -> list[dict[str, Any]]:
    """All combinations of the grid's values, the last name's changing fastest; or `number` points drawn from `seed`.

    No point is drawn twice. UserError, with every problem at once, for a name or a value that the recipe does not take,
    and where there are not so many points.
    """
    known = with_seed(known)
    wrong = list(_problems(known, grid, ranges))
    if not grid and not ranges:
        wrong.append("there is nothing to vary: give values, such as --grid lr=0.1,0.3, or a range.")
    if ranges and number is None:
        names = ", ".join(ranges)
        wrong.append(f"{names}: a range has no end of values: say how many points to draw, such as --random 20.")
    if wrong:
        raise UserError("This cannot be swept over:" + listed(wrong))
    if number is None:
        return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    whole = {name: known[name].type is int for name in ranges}
    if all(whole.values()):
        sizes = [len(values) for values in grid.values()] + [int(each.high - each.low) + 1 for each in ranges.values()]
        if number > math.prod(sizes):
            raise UserError(f"There are only {math.prod(sizes)} different points, and {number} cannot be drawn.")
    generator = random.Random(seed)
    drawn: dict[str, dict[str, Any]] = {}
    repeated = 0
    while len(drawn) < number:
        point = {name: generator.choice(list(values)) for name, values in grid.items()}
        point |= {name: each.draw(generator, whole[name]) for name, each in ranges.items()}
        key = repr(point)
        repeated = repeated + 1 if key in drawn else 0
        if repeated > 10_000 and not all(whole.values()):
            raise UserError(f"Only {len(drawn)} different points were found where {number} were to be drawn.")
        drawn.setdefault(key, point)
    return list(drawn.values())


def with_seed(known: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
    """A recipe's hyperparameters, and the seed."""
    return {**known, SEED.name: SEED}


def _problems(
    known: Mapping[str, Hyperparameter], grid: Mapping[str, Sequence[Any]], ranges: Mapping[str, Range]
) -> Any:
    for name in [*grid, *ranges]:
        if name not in known:
            yield f"there is no hyperparameter {name!r}.{did_you_mean(name, known)}"
    for name, values in grid.items():
        if name in ranges:
            yield f"{name} has both values and a range: one of them, please."
        if name in known:
            yield from filter(None, map(known[name].problem, values))
            if len(set(map(repr, values))) < len(values):
                yield f"{name} has a value twice."
    for name, each in ranges.items():
        if not each.low < each.high:
            yield f"{name}: a range goes from a number to a larger one, not from {each.low:g} to {each.high:g}."
        elif math.isinf(each.low) or math.isinf(each.high):
            yield f"{name}: a range has two ends, not {each.low:g} and {each.high:g}."
        elif each.log and each.low <= 0:
            yield f"{name}: a logarithmic range begins above 0, not at {each.low:g}."
        if name in known and (known[name].type not in (int, float) or known[name].choices):
            yield f"{name} is no number: give its values, --grid {name}=…"
        elif name in known and known[name].type is int and any(end % 1 for end in (each.low, each.high)):
            yield f"{name} is a whole number, and so are the ends of its range."
