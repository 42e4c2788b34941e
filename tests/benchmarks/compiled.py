"""Whole training steps (forward, loss, backward, update): framework eager and compiled, against what there is beside it.

    python -m tests.benchmarks.compiled [--models NAME ...] [--rounds N] [--threads N] [--quick]

Beside it: NumPy by hand, plain and tuned, PyTorch eager and with `torch.compile`, and `jax.jit`, as far as they are
installed. The memory is what model, batch and steps hold at most, over what stood after the imports. First a check that
framework and the NumPy by hand train alike.
"""

from __future__ import annotations

import argparse

import numpy as np

from tests.benchmarks import compiled_models
from tests.benchmarks.compiled_models import MODELS, Model, Training
from tests.benchmarks.contest import Contender, measure, table

OPTIMIZERS = {"SGD": 0.0, "SGD with momentum": 0.9}
AGAINST = "torch, eager"
# Libraries load parts of themselves, a compiler above all, at their first step. A tiny one beforehand keeps that out of
# the memory. torch.compile would also start a pool of processes, beside what is timed.
_SETUP = """
from tests.benchmarks import compiled_models as models
step, x, y, _ = models.{function}(models.Model("tiny", (2, 2, 2), 2), {momentum})
for _ in range(3): step(x, y)
"""
_TORCH_COMPILE = """
import torch._inductor.config
torch._inductor.config.compile_threads = 1
torch.compile(lambda x: x * x)(torch.ones(1, requires_grad=True)).backward()
"""
_WARM_UP = """
step, x, y, _ = models.{function}(models.MODELS[{name!r}], {momentum})
for _ in range(8): step(x, y)
"""


def contenders(name: str, momentum: float) -> list[Contender]:
    """Each makes its training step, warms it up and is then timed."""

    def contender(title: str, function: str, needs: str | None = None, may_fail: bool = False) -> Contender:
        tiny = "torch_eager" if function == "torch_compiled" else function
        setup = _SETUP.format(function=tiny, momentum=momentum) + _TORCH_COMPILE * (tiny != function)
        warm_up = _WARM_UP.format(function=function, name=name, momentum=momentum)
        return Contender(title, setup, "step(x, y)", needs, warm_up, may_fail)

    return [
        contender("framework, eager", "framework_eager"),
        contender("framework, compiled", "framework_compiled"),
        contender("framework, compiled and checked", "framework_checked"),
        contender("numpy by hand with out=", "by_hand"),
        contender("numpy, tuned by hand", "tuned_by_hand"),
        contender(AGAINST, "torch_eager", "torch"),
        contender("torch.compile", "torch_compiled", "torch", may_fail=True),
        contender("jax.jit", "jax_jit", "jax", may_fail=True),
    ]


def check(model: Model, momentum: float) -> None:
    """Raises unless three steps by hand, and three compiled ones, lead where three of framework's eager ones do."""

    def after_three_steps(training: Training) -> tuple[np.ndarray, float]:
        for _ in range(3):
            loss = training.step(training.x, training.y)
        return np.concatenate([each.ravel() for each in training.parameters()]), loss.item()

    expected, expected_loss = after_three_steps(compiled_models.framework_eager(model, momentum))
    moved = np.abs(expected - np.concatenate([each.ravel() for each in model.weights()])).max()
    for other in (compiled_models.by_hand, compiled_models.tuned_by_hand, compiled_models.framework_compiled):
        found, loss = after_three_steps(other(model, momentum))
        off = np.abs(found - expected).max()
        if not off <= min(1e-5, moved / 100):
            raise AssertionError(
                f"{other.__name__}, {model.title}: parameters off by {off:.1e}, having moved {moved:.1e}"
            )
        if not abs(loss - expected_loss) <= 1e-5 * expected_loss:
            raise AssertionError(f"{other.__name__}, {model.title}: a loss of {loss}, not {expected_loss}")


def main() -> None:
    """Prints a table for each model and optimizer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="NAME", help=", ".join(MODELS)
    )
    parser.add_argument("--rounds", type=int, default=3, help="processes of each contender, in turns (3)")
    parser.add_argument("--threads", type=int, choices=(1, 2), default=2, help="of each contender (2)")
    parser.add_argument("--quick", action="store_true", help="one round, with less repeats")
    options = parser.parse_args()
    rounds, repeats = (1, 3) if options.quick else (options.rounds, 9)
    print(f"median of {rounds} rounds, {options.threads} threads; how many times faster than {AGAINST}; memory at most")
    for name in options.models:
        for optimizer, momentum in OPTIMIZERS.items():
            check(MODELS[name], momentum)
            measured = measure(contenders(name, momentum), rounds, repeats, options.threads)
            times = {each: found.time for each, found in measured.items()}
            memory = {each: found.memory for each, found in measured.items()}
            table(f"{MODELS[name].title}, {optimizer}", times, AGAINST, memory)


if __name__ == "__main__":
    main()
