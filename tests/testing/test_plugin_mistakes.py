"""Each mistake of the plugins in wrong/ is found, and its message says what is wrong, where, and the right call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.autograd.operation import registry
from framework.plugin.manager import PluginManager
from framework.testing.plugins import Finding, check_plugin
from tests.testing.wrong.participants_wrong import Halves

WRONG = Path(__file__).parent / "wrong"

MISTAKES = {
    "operations": [
        ("wrong", "gradient", ["'input' (operations_wrong.py:", "instead of", "0.5 times what it must be"]),
        ("widens", "float32", ["np.multiply of a float32 array and np.float64(2.0) gives float64", "math.sqrt(2)"]),
        ("widens_mask", "float32", ["np.where of a bool array", "mask * x"]),
        ("writes", "purity", ["writes into what it was given (operations_wrong.py:", "new arrays"]),
        ("writes_g", "purity", ["writes into what it was given (operations_wrong.py:", "not g *= x"]),
        ("method", "device", ["method or attribute .mean: use np.mean(x, …)", ": return input - input.mean()"]),
        ("method_formula", "device", [".sum: use np.sum(x, …)", ": return np.ones_like(input) * g.sum()"]),
        ("decides", "device", ["must not decide by a value", ": if np.sum(input) > 0:", "np.where(condition, a, b)"]),
        ("asarray", "device", ["does not become a NumPy array", "Leave out np.asarray(x)"]),
        ("nan_at_0", "extremes", ["at input = 0 its value is 0, but the gradient for 'input' is nan (operations_wrong.py:"]),
        ("overflows", "extremes", ["at input = 100 its value is nan", "overflows, in operations_wrong.py:", "np.logaddexp"]),
        ("constant", "second", ["differentiated once more, by 'input'", "takes for a constant"]),
        ("untyped", "types", ["float64 without dimensions as 'other'", "promote='common'"]),
        ("uncallable", "inputs", ["kind must be 'a' or 'b'", 'register("uncallable", [[np.ones((2, 3)), <matrix>, <kind>]])']),
        ("scalar", "float32", ["float32 gives torch.float64"]),
        ("ignores_g", "gradient", ["The formula leaves out g"]),
        ("random", "values", ["gives other numbers", "framework.rand"]),
        ("shape", "values", ["could not be broadcast together", "operations_wrong.py:"]),
        ("unreturned", "gradient", ["'input' (operations_wrong.py:", "returned None, and must return an array of the input's shape"]),
        ("unreturned_input", "gradient", ["'other' (operations_wrong.py:", "returned None, and must return an array"]),
        ("unreturned_tuple", "values", ["'input' and 'other' (operations_wrong.py:", "returned None, and must return a tuple"]),
        ("summed", "values", ["'input' (operations_wrong.py:", "an array of shape (2,), and must return an array of the input's shape, (2, 3)"]),
        ("listed", "values", ["'input' (operations_wrong.py:", "returned a list, and must return an array of the input's shape"]),
        ("other_name", "name", ["called 'wrong', and registered as 'other_name'"]),
        ("none", "name", ["make it one with operation(…)"]),
        ("relu", "free name", ["'framework' registers 'relu' among the operations, too", "such as operations_wrong_relu"]),
    ],
    "losses": [
        ("fixed_batch", "batch size", ["divides by a fixed number", "divide by the number of elements", "reduction = 'sum'"]),
        ("undeclared_sum", "batch size", ["it adds up"]),
        ("root", "finite", ["gradient is not finite where the predictions are the targets themselves", "A small number within the root"]),
        ("naive_cross_entropy", "finite", ["its loss is nan where the predictions are 100 and -100", "binary_cross_entropy_with_logits"]),
        ("each", "scalar", ["one number, not of shape (6, 3): take its mean or sum"]),
        ("number", "scalar", ["returns a Tensor, not float", "Leave out .item()"]),
        ("detached", "scalar", ["does not depend on the prediction", ".detach()"]),
        ("widens", "float32", ["give a loss of torch.float64", "framework.tensor(2.0)"]),
        ("reshapes", "batch size", ["takes a batch of 6 samples, and not one of 1", "losses_wrong.py:"]),
        ("unbiased", "batch size", ["of one sample", "it is nan", "less one"]),
        ("three", "inputs", ["missing 1 required positional argument: 'weight'", 'register("three", [[prediction, target]])']),
    ],
    "optimizers": [
        ("Uphill", "quadratic", ["does not go down", "is the step's sign right?"]),
        ("Still", "quadratic", ["The parameters do not change", "parameter.data -= …"]),
        ("CountsOutside", "state", ["self.count changes from step to step and is not in state_dict"]),
        ("LosesStep", "state", ["its state, parameter 0.step: 10 and 5", "self.state[parameter]"]),
        ("NeedsGradients", "no gradient", ["optimizers_wrong.py:", "if parameter.grad is None: continue"]),
        ("OwnRate", "rate", ["Take the rate from group['lr'] in every step, and not from self.lr"]),
        ("Shares", "own state", ["they share something", "nothing in the class"]),
        ("KeepsGradient", "own state", ["its state 'last' is the gradient itself"]),
        ("Widens", "float32", ["the state 'mean' of a float32 parameter is float64"]),
    ],
    "participants": [
        ("--halves", "resumes", ["Crashed after step", "Halves.steps changes in training, and it is not in what its save_state"]),
        ("--fails", "runs", ["'Fails' failed in epoch_end: KeyError: 'validation/accuracy' (participants_wrong.py:"]),
        ("--forgets", "runs", ["save_state without load_state"]),
        ("unlucky", "runs", ["failed in log: ValueError: no room (participants_wrong.py:"]),
        ("train", "free name", ["The framework has a command 'train' itself"]),
        ("function", "help", ["is no click command"]),
        ("nothing", "help", ['click.Option(["--nothing"]']),
        ("relative", "loads", ["Path(__file__).parent / 'mine.py'"]),
        ("batches", "batches", ["of all samples at once, and", "not means of batches"]),
    ],
}  # fmt: skip


ALSO = {
    "operations": {("scalar", "device"), ("relu", "name")},
    "losses": set(),
    "optimizers": set(),
    "participants": set(),
}
"""What the same mistakes are told by, too."""

UNSURE = {
    "losses": {
        ("partly_detached", "gradient"): "If a part of it is a constant on purpose",
        ("decides", "compiled"): "it decides by the values of a tensor",
    },
}
"""What is left to a person to judge."""


@pytest.fixture(scope="module", autouse=True)
def only_ours() -> Iterator[None]:
    """The plugins' operations are taken out again."""
    before = dict(registry)
    yield
    for name in registry.keys() - before.keys():
        del registry[name]


def checked(file: Path) -> list[Finding]:
    manager = PluginManager.load([str(file)], first_party=False, installed=False, report=lambda message: None)
    return list(check_plugin(file.stem, manager))


@functools.cache
def wrong(kind: str) -> list[Finding]:
    return checked(WRONG / f"{kind}_wrong.py")


@pytest.mark.parametrize("kind", MISTAKES)
def test_each_is_found_and_told_once(kind: str) -> None:
    failed = {(each.thing, each.check): each.message for each in wrong(kind) if each.ok is False}
    for name, check, words in MISTAKES[kind]:
        message = failed.get((name, check), "not found")
        missing = [each for each in words if each not in message]
        assert not missing, f"{name}, {check}: {message}"
    assert set(failed) - {(name, check) for name, check, _ in MISTAKES[kind]} == ALSO[kind]


@pytest.mark.parametrize("kind", UNSURE)
def test_what_cannot_be_known_is_left_to_a_person(kind: str) -> None:
    found = {(each.thing, each.check): each.message for each in wrong(kind) if each.ok is None}
    assert set(found) == set(UNSURE[kind])
    assert all(words in found[thing] for thing, words in UNSURE[kind].items())


def test_a_sum_that_says_so_and_a_root_of_a_mean_are_no_mistakes(tmp_path: Path) -> None:
    assert all(each.ok for each in wrong("losses") if each.thing == "declared_sum")
    file = tmp_path / "rooted.py"
    file.write_text(
        "from framework.extend import hookimpl\n\n@hookimpl\ndef register_losses(register):\n"
        "    register('rooted', lambda prediction, target: (((prediction - target) ** 2).mean() + 1e-9).sqrt())\n"
    )
    assert all(each.ok for each in checked(file))


HALVES = f"from framework.extend import hookimpl\n\n\n{inspect.getsource(Halves)}\n\nhalves = Halves()\n"


def test_an_object_of_a_module_is_as_it_was_given_in_each_training(tmp_path: Path) -> None:
    """What one training leaves in it is no difference between it and the next one."""
    file = tmp_path / "halves.py"
    file.write_text(HALVES)
    (failed,) = [each for each in checked(file) if each.ok is False]
    assert failed.check == "resumes"
    assert "\nhalves.halves.steps changes in training, and it is not in what its save_state returns." in failed.message
    file.write_text(HALVES.replace("return {}", "return vars(self).copy()").replace("pass", "vars(self).update(state)"))
    assert all(each.ok for each in checked(file))


EXAMPLES = """
import numpy as np
from framework.extend import hookimpl, operation


@operation(name="stretched", promote="float", input=lambda g: np.sum(g, axis=-1))
def stretched(input, size):
    if size < 3:
        raise ValueError("too small")
    return np.repeat(input[..., None], size, axis=-1)


@hookimpl
def register_operations(register):
    register("stretched", stretched)


@hookimpl
def register_examples(register):
    register({name!r}, {examples})
"""


@pytest.mark.parametrize(
    ("name", "examples", "check", "words"),
    [
        ("stretched", "[(np.ones(2), 4), [np.ones((0, 2)), 3]]", None, ""),
        ("stretched", "lambda: [(np.ones(2), 4)]", None, ""),
        ("stretched", "[(np.ones(2), 1)]", "inputs", "example 1: ValueError: too small (in examples.py:9"),
        (
            "streched",
            "[(np.ones(2), 4)]",
            "calls",
            "no operation, loss or metric 'streched'. Did you mean 'stretched'?",
        ),
        ("stretched", "np.ones(2)", "calls", "they are a list of calls, each a list of arguments"),
        ("stretched", "lambda: 1 / 0", "calls", "they cannot be made: ZeroDivisionError"),
    ],
)
def test_examples(tmp_path: Path, name: str, examples: str, check: str | None, words: str) -> None:
    file = tmp_path / "examples.py"
    file.write_text(EXAMPLES.format(name=name, examples=examples))
    failed = {each.check: each.message for each in checked(file) if each.ok is False}
    if check is None:
        assert failed == {}
    else:
        assert words in failed[check]
