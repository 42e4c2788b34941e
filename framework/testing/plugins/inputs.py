"""What an author gives to check things with, and predictions and targets of the usual kinds, for losses and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from framework.plugin.manager import PluginManager
from framework.testing.plugins.finding import where

__all__ = ["examples", "pairs"]


def examples(manager: PluginManager, name: str) -> list[list[Any]] | str:
    """The calls that `register_examples` gives for a name; none where there are none, or what is wrong with them."""
    known = {each: calls for _, each, calls in manager.registrations("examples")}
    calls = known.get(name, [])
    try:
        calls = calls() if callable(calls) else calls
    except Exception as error:
        line = where(error)
        return f"they cannot be made: {type(error).__name__}: {error}{f', {line}' if line else ''}"
    if not isinstance(calls, list | tuple) or not all(isinstance(each, list | tuple) for each in calls):
        return (
            "they are a list of calls, each a list of arguments, such as "
            f'register("{name}", [[np.ones(3)], [np.array(2.0)]]), and not {calls!r}'
        )
    return [list(call) for call in calls]


def pairs(given: Sequence[Sequence[Any]]) -> Iterator[list[np.ndarray]]:
    """Predictions and targets: those given, or else of each usual kind: values, logits of two or more classes, probabilities."""
    if given:
        yield from ([np.asarray(each) for each in call] for call in given)
        return
    random = np.random.default_rng(0)
    values = random.normal(size=(6, 3))
    labels = (random.random((6, 3)) > 0.5).astype(float)
    yield [values, random.normal(size=(6, 3))]
    yield [values, labels]
    yield [values, np.array([0, 2, 1, 1, 0, 2])]
    yield [values[:, 0], labels[:, 0]]
    yield [random.uniform(0.05, 0.95, (6, 3)), labels]
