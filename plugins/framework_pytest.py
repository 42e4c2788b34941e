"""pytest's fixtures for those who write plugins; `pytest --fixtures` lists them.

pytest loads this module in every session of an environment with the framework, so it imports nothing of it until a
fixture is asked for. `pytest -p no:framework` leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from framework.extend import PluginManager
    from framework.testing.hook_calls import HookCalls
    from framework.testing.power_cut import CrashAt
    from framework.testing.tiny_run import TinyRuns

__all__ = [
    "assert_exact_resume",
    "check_operation",
    "crash_at",
    "gradcheck",
    "hook_calls",
    "plugin_manager",
    "tiny_run",
]


@pytest.fixture
def plugin_manager() -> PluginManager:
    """A PluginManager without plugins: `plugin_manager.register(plugin)` adds one. What would be reported is raised.

    assert "cubic" in plugin_manager.registry("losses")
    """
    from framework.plugin.manager import PluginManager
    from framework.testing.tiny_run import fail

    return PluginManager(report=fail)


@pytest.fixture
def hook_calls() -> HookCalls:
    """A plugin that notes every call of every hook, as (hook, arguments); register it, or give it to `tiny_run`.

    tiny_run(MyPlugin(), hook_calls)
    hook_calls.assert_called("log", times=3)
    assert hook_calls.of("log")[0]["record"]["epoch"] == 1
    assert hook_calls.names[-1] == "run_end"
    """
    from framework.testing.hook_calls import HookCalls

    return HookCalls()


@pytest.fixture
def tiny_run(tmp_path: Path) -> TinyRuns:
    """A function that trains a tiny recipe, for some milliseconds, with the plugins it is given; gives the Trainer.

    trainer = tiny_run(MyPlugin(), loss="my_loss", epochs=2, options={"clip_norm": 1.0})
    assert trainer.history["train/loss"][-1] < 0.1
    assert (trainer.run.path / "my_file.txt").exists()

    Keywords are parts of the recipe (loss, optimizer, train, epochs, …), or hyperparameters of the one that is given as
    `recipe=` (a function or a path). A part given by its name takes its own from `hyperparameters={"lr": 0.3}`.
    `options`, `loggers`, `compile=False`, `on_nan` and `seed` are those of a run; `resume=trainer.run` goes on with one.
    The framework's own plugins take part, others that are installed do not.
    """
    from framework.testing.tiny_run import TinyRuns

    return TinyRuns(tmp_path / "runs")


@pytest.fixture
def crash_at() -> Callable[[int], CrashAt]:
    """A function that makes a plugin which ends training after a step, as a power cut would: nothing is saved or called.

    crashed = tiny_run(MyPlugin(), crash_at(5), options={"checkpoint_every": "2steps"})
    trainer = tiny_run(MyPlugin(), resume=crashed.run, options={"checkpoint_every": "2steps"})
    """
    from framework.testing.power_cut import CrashAt

    return CrashAt


@pytest.fixture
def assert_exact_resume(tmp_path: Path) -> Callable[..., None]:
    """A function that fails unless a training with these plugins is the same, to the bit, if it crashes and is resumed.

    assert_exact_resume(MyPlugin(), options={"clip_norm": 1.0}, steps=[1, 5])

    It takes what `tiny_run` takes. Each training has a copy of a plugin, or what a class or function that is given in its
    place makes. Compared are weights, records, and all that checkpoints hold, what `save_state` gave included.
    """
    from framework.testing.exact_resume import assert_exact_resume

    return partial(assert_exact_resume, tmp_path)


@pytest.fixture
def check_operation() -> Callable[..., None]:
    """A function that fails unless an operation is right: derivatives, float32, purity, devices, compiled.

    check_operation(swish, np.linspace(-3, 3, 12).reshape(3, 4), np.array(0.7))
    """
    from framework.testing import check_operation

    return check_operation


@pytest.fixture
def gradcheck() -> Callable[..., None]:
    """A function that fails unless an operation's first and second derivatives are those of finite differences.

    gradcheck(swish, np.linspace(-3, 3, 12).reshape(3, 4), np.array(0.7))
    """
    from framework.testing.operations import check_gradients

    return check_gradients
