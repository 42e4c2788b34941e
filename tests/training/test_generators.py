"""The states of all generators: what is drawn after they were put back is what was drawn before."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

import framework
from framework.random._words import word_reader, word_writer
from framework.training.checkpoints.generators import generator_states, set_generator_states


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    states = generator_states()
    yield
    set_generator_states(states)


def drawn() -> list[float]:
    return [
        framework.randn(1).item(), *framework.rand(3).tolist(), random.random(), random.gauss(0, 1), np.random.rand(),
        np.random.randn(),
    ]  # fmt: skip


@pytest.mark.parametrize("before", range(4))
def test_the_same_numbers_are_drawn_again(before: int) -> None:
    for _ in range(before):
        drawn()
    states = generator_states()
    wanted = [drawn() for _ in range(400)]
    set_generator_states(states)
    assert [drawn() for _ in range(400)] == wanted


def test_states_do_not_change_when_numbers_are_drawn() -> None:
    states = generator_states()
    kept = repr(states), states["framework"].tobytes(), states["numpy"]["state"]["key"].tobytes()
    for _ in range(400):
        drawn()
    assert kept == (repr(states), states["framework"].tobytes(), states["numpy"]["state"]["key"].tobytes())


def test_a_normal_that_numpy_keeps_for_later_is_part_of_the_state() -> None:
    for _ in range(4):
        np.random.randn()
        states = generator_states()
        assert states["numpy"]["has_gauss"] == np.random.get_state()[3]
        wanted = np.random.randn(3).tolist()
        set_generator_states(states)
        assert np.random.randn(3).tolist() == wanted
    # It is used up without that anything else moves.
    np.random.seed(0)
    np.random.randn()
    kept = [generator_states()["numpy"]["has_gauss"]]
    np.random.randn()
    assert [*kept, generator_states()["numpy"]["has_gauss"]] == [1, 0]
    np.random.seed(0)
    assert np.array_equal(generator_states()["numpy"]["state"]["key"], np.random.get_state()[1])


def test_another_global_generator_of_numpys() -> None:
    former = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(5))
    try:
        states = generator_states()
        wanted = np.random.rand(3).tolist()
        np.random.rand()
        set_generator_states(states)
        assert np.random.rand(3).tolist() == wanted
    finally:
        np.random.set_bit_generator(former)


def test_the_words_that_are_read_are_those_that_numpy_tells() -> None:
    engine = np.random.MT19937(3)
    read = word_reader(engine)
    assert read.__name__ == "read"
    for count in (0, 1, 622, 1, 700):
        engine.random_raw(count)
        words, position = read()
        state = engine.state["state"]
        assert (words.tolist(), position) == (state["key"].tolist(), state["pos"])


def test_an_engine_draws_on_from_the_words_that_are_written() -> None:
    engine, other = np.random.MT19937(3), np.random.MT19937(5)
    write, read = word_writer(other), word_reader(engine)
    assert write is not None
    for count in (1, 623, 700):
        engine.random_raw(count)
        write(*read())
        assert other.random_raw(700).tolist() == engine.random_raw(700).tolist()


class _NoAddress:
    state = np.random.MT19937(3).state


class _WrongAddress(_NoAddress):
    ctypes = np.random.MT19937(4).ctypes


@pytest.mark.parametrize("engine", [_NoAddress(), _WrongAddress()])
def test_what_lies_elsewhere_in_memory_is_not_read(engine: object) -> None:
    assert word_writer(engine) is None
    words, position = word_reader(engine)()
    told = _NoAddress.state["state"]
    assert (words.tolist(), position) == (told["key"].tolist(), told["pos"])
