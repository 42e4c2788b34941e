"""Two trainings compared: whatever differs is found and named by its place, and times are left out."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import framework
from framework.training.verifying.comparing import Comparison, compare_runs, differences
from tests.tiny import tiny
from tests.training.exactness import train

A = np.arange(6.0).reshape(2, 3)

DIFFERENT = {
    "a number": (1, 2, "state: 1 and 2"),
    "its type": (1, 1.0, "state: 1 and 1.0"),
    "the sign of zero": (0.0, -0.0, "state: 0.0 and -0.0"),
    "a name": ({"a": 1}, {"b": 1}, "state.a: only the first has it"),
    "a length": ([1], [1, 2], "state: 1 and 2 long"),
    "deep": ({"a": [{0: 1}]}, {"a": [{0: 2}]}, "state.a[0].0: 1 and 2"),
    "an array": (A, A + [[0, 0, 1], [0, 2, 0]], "state: 2 of 6 values differ, by up to 2"),
    "a shape": (A, A.T, "state: float64[2, 3] and float64[3, 2]"),
    "a dtype": (A, A.astype("f4"), "state: float64[2, 3] and float32[2, 3]"),
    "the order in memory": (A, np.asfortranarray(A), "state: the order in memory: strides (24, 8) and (8, 16)"),
    "a tensor": (framework.tensor([1]), framework.tensor([2]), "state: 1 of 1 values differ"),
    "nan": (np.array([math.nan, 1]), np.array([math.nan, 2]), "state: 1 of 2 values differ, by up to 1"),
}


@pytest.mark.parametrize(("one", "other", "place"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_is_named(one, other, place):
    assert differences(one, other)[0] == place
    assert differences(one, one) == differences(other, other) == []


def test_bits_are_compared_not_values():
    assert differences(np.array([0.0]), np.array([-0.0]))
    assert not differences(np.array([math.nan]), np.array([math.nan]))
    assert not differences(math.nan, math.nan)


def test_times_are_left_out_where_it_is_said():
    one, other = {"seconds": 1.0, "time": 2.0, "x": 1}, {"seconds": 3.0, "time": 4.0, "x": 1}
    assert not differences(one, other)
    strict = Comparison()
    strict.go(one, other, "weights", but=())
    assert strict.places == ["weights.seconds: 1.0 and 3.0", "weights.time: 2.0 and 4.0"]


def test_arrays_are_counted_and_the_largest_difference_kept():
    found = Comparison()
    found.go({"a": A, "b": [A]}, {"a": A, "b": [A + 0.5]}, "")
    assert (found.arrays, found.largest, len(found.places)) == (2, 0.5, 1)
    found.go(np.array([1.0]), np.array([math.nan]), "")
    assert found.largest == math.inf


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The folders of two runs of one recipe."""
    for name in ("one", "other"):
        train(tiny, tmp_path / name, compile=False, every="100steps")
    return tmp_path / "one", tmp_path / "other"


def test_two_runs_of_a_recipe_are_the_same(two):
    found, records, places = compare_runs(*two)
    assert not found.places and not places
    assert records == 2 and found.arrays >= 6


def test_another_record_is_found(two):
    file = two[1] / "metrics.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[1]["train/loss"] = 7.0
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found, _, places = compare_runs(*two)
    assert not found.places
    assert len(places) == 1 and places[0].startswith("metrics.jsonl, line 2.train/loss: ")


def test_a_record_that_is_missing_is_found(two):
    file = two[1] / "metrics.jsonl"
    file.write_text(file.read_text().splitlines()[0] + "\n")
    assert compare_runs(*two)[2] == ["metrics.jsonl: 2 and 1 lines"]


def test_another_end_is_found(two):
    file = two[1] / "run.json"
    file.write_text(file.read_text().replace('"finished"', '"stopped"'))
    assert compare_runs(*two)[0].places == ["run.json.status: 'finished' and 'stopped'"]


def test_optimizer_state_is_named_as_in_pytorch(tmp_path):
    from framework import nn, optim

    def momentum(rate: float):
        def make():
            model = nn.Linear(1, 1)
            return tiny(model=model, optimizer=optim.SGD(model.parameters(), lr=rate, momentum=0.9))

        return make

    train(momentum(0.1), tmp_path / "one", compile=False)
    train(momentum(0.2), tmp_path / "other", compile=False)
    places = [place.partition(": ")[0] for place in compare_runs(tmp_path / "one", tmp_path / "other")[0].places]
    assert {"weights.weight", "optimizer.state.0.momentum_buffer", "optimizer.param_groups[0].lr"} <= set(places)
