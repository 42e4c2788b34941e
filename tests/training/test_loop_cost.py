"""The loop, its hooks and the default plugins cost at most 20 µs a step."""

from __future__ import annotations

from tests.benchmarks import training_loop


def test_a_step_costs_little():
    assert training_loop.microseconds(2000, plugins=True, metrics=["accuracy"]) < training_loop.LIMIT
