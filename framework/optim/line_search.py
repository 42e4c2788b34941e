"""How far to go along a direction: a step after which the loss is lower by enough and its slope flatter by enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from framework.autograd import Tensor

__all__ = ["Point", "strong_wolfe"]

# By how much of what the slope promises the loss must fall, and what part of the slope may be left.
_FALL, _SLOPE = 1e-4, 0.9


class Point(NamedTuple):
    """A step along the direction, the loss and gradient there, and the slope: the gradient in that direction."""

    step: Any
    loss: float
    grad: Tensor
    slope: Any


def strong_wolfe(
    at: Callable[[Any], Point], start: Point, step: Any, direction: Tensor, tolerance: float, limit: int
) -> tuple[Point, int]:
    """The point that meets Wolfe's strong conditions, or the lowest of those tried; and how many were.

    `at(step)` evaluates a point; `start` is that of step 0; `limit` is how often to go on after the first.
    Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6; the steps tried are PyTorch's.
    """
    point, before, turns = at(step), start, 0
    bracket: list[Point] = []
    while turns < limit:
        if _too_high(point, start) or (turns > 1 and point.loss >= before.loss):
            bracket = [before, point]
            break
        if _is_flat(point, start):
            return point, turns + 1
        if point.slope >= 0:
            bracket = [before, point]
            break
        bounds = (point.step + 0.01 * (point.step - before.step), point.step * 10)
        before, point = point, at(_cubic_minimum(before, point, bounds))
        turns += 1
    if turns >= limit:
        bracket = [start._replace(step=0), point]
    low, turns = _zoom(at, start, bracket, direction.abs().max(), tolerance, turns, limit)
    return low, turns + 1


def _zoom(
    at: Callable[[Any], Point],
    start: Point,
    bracket: list[Point],
    size: Any,
    tolerance: float,
    turns: int,
    limit: int,
) -> tuple[Point, int]:
    """The best point between two, found by drawing them together; and the number of turns after it."""
    low, high = _low_and_high(bracket)
    stuck = False
    while turns < limit and not abs(bracket[1].step - bracket[0].step) * size < tolerance:
        step, stuck = _inside(bracket, _cubic_minimum(bracket[0], bracket[1]), stuck)
        point = at(step)
        turns += 1
        if _too_high(point, start) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = _low_and_high(bracket)
            continue
        done = _is_flat(point, start)
        if not done and point.slope * (bracket[high].step - bracket[low].step) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
        if done:
            break
    return bracket[low], turns


def _inside(bracket: list[Point], step: Any, stuck: bool) -> tuple[Any, bool]:
    """A step not too near the ends of the bracket, unless it was not the last time; and whether it is near now."""
    least, most = (find(each.step for each in bracket) for find in (min, max))
    margin = 0.1 * (most - least)
    if not min(most - step, step - least) < margin:
        return step, False
    if not (stuck or step >= most or step <= least):
        return step, True
    return (most - margin if abs(step - most) < abs(step - least) else least + margin), False


def _too_high(point: Point, start: Point) -> bool:
    return bool(point.loss > (start.loss + _FALL * point.step * start.slope))


def _is_flat(point: Point, start: Point) -> bool:
    return bool(abs(point.slope) <= -_SLOPE * start.slope)


def _low_and_high(bracket: list[Point]) -> tuple[int, int]:
    return (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)


def _cubic_minimum(one: Point, other: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two points with their slopes is lowest, within bounds: by default between the two."""
    left, right = (one, other) if one.step <= other.step else (other, one)
    least, most = (left.step, right.step) if bounds is None else bounds
    d1 = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.step - other.step)
    square = d1**2 - one.slope * other.slope
    if not square >= 0:
        return (least + most) / 2.0
    d2 = square.sqrt()
    step = right.step - (right.step - left.step) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2))
    return min(max(step, least), most)
