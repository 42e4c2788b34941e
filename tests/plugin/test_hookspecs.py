"""Every hook is documented in full, and the example in its documentation runs."""

from __future__ import annotations

import inspect
import types
from pathlib import Path

import pytest

from framework import optim
from framework.extend import hookimpl
from framework.plugin.checks import SPECS
from framework.plugin.documentation import documented
from framework.plugin.manager import KINDS, PluginManager
from framework.training.run import Run
from framework.training.trainer import Trainer
from tests.tiny import tiny

HOOKS = {
    "registry": [f"register_{kind}" for kind in KINDS],
    "participant": [
        "after_backward",
        "after_step",
        "all_gather",
        "batch_start",
        "before_step",
        "closure",
        "count_outputs",
        "epoch_end",
        "epoch_start",
        "load_state",
        "make_plugins",
        "prepare_data",
        "save_state",
        "should_stop",
        "should_update",
        "should_write",
        "train_end",
        "train_start",
        "validate",
        "validate_end",
    ],
    "observer": ["checkpoint_saved", "interrupted", "log", "run_end", "run_failed"],
}


def plugin_of(example: str) -> types.ModuleType:
    module = types.ModuleType("example")
    exec(example, module.__dict__)
    for name, value in list(vars(module).items()):
        if inspect.isclass(value) and value.__module__ == "example" and _has_hooks(value):
            if not inspect.signature(value).parameters:
                setattr(module, name.lower(), value())
    return module


def _has_hooks(cls: type) -> bool:
    return any(hasattr(value, "framework_impl") for value in vars(cls).values())


def test_the_hooks_and_their_kinds():
    found = {kind: sorted(name for name, spec in SPECS.items() if spec.kind == kind) for kind in HOOKS}
    assert found == {kind: sorted(names) for kind, names in HOOKS.items()}


@pytest.mark.parametrize("name", SPECS)
def test_each_argument_is_documented_and_no_other(name):
    assert tuple(documented(name).arguments) == SPECS[name].arguments


@pytest.mark.parametrize("name", SPECS)
def test_what_a_return_does_is_documented(name):
    hook = documented(name)
    assert (hook.returns == "Nothing.") == (hook.answer == "None")


@pytest.mark.parametrize("name", SPECS)
def test_the_example_runs(name, tmp_path: Path, capsys):
    """The example is used as a plugin in a run in which its hook is called."""
    spec = SPECS[name]
    module = plugin_of(documented(name).example)
    manager = PluginManager()
    manager.register(module, "example")
    assert name in manager.plugins[0].hooks, "the example implements another hook"
    if spec.kind == "registry":
        kind = name.removeprefix("register_")
        (added,) = manager.registry(kind)
        run_with(manager, kind, added)
        return
    if name == "should_write":  # the command line asks it, before there is a Trainer
        assert manager.call(name) is None
        return
    manager.register(watcher := Watcher(name))
    recipe = tiny()
    if name in ("interrupted", "run_failed"):
        recipe.train = failing(KeyboardInterrupt if name == "interrupted" else RuntimeError("oh"))
        with pytest.raises((KeyboardInterrupt, RuntimeError)):
            Trainer(recipe, plugins=manager).fit()
    else:
        run = Run.create(recipe, out=tmp_path / "run")
        recipe.metrics = ["accuracy"]
        if name == "closure":
            recipe.optimizer = optim.LBFGS(recipe.model.parameters())
        trainer = Trainer(recipe, plugins=manager, run=run)
        trainer.fit()
        if name in ("save_state", "load_state"):
            states = manager.save_states(trainer)
            assert list(states) == ["example.best" if "best" in vars(module) else "example.count"]
            manager.load_states(trainer, states)
            return
    assert watcher.called


def run_with(manager: PluginManager, kind: str, added: str) -> None:
    """Train with the thing that the example adds, where it is a part of training."""
    changes = {
        "losses": {"loss": added},
        "optimizers": {"optimizer": added},
        "schedulers": {"scheduler": added},
        "metrics": {"metrics": [added]},
    }
    loggers = [added] if kind == "loggers" else []
    history = Trainer(tiny(**changes.get(kind, {})), plugins=manager, loggers=loggers).fit()
    assert history.status == "finished"
    if kind == "metrics":
        assert f"validation/{added}" in history.final


class Watcher:
    """Sees whether a hook is called, the example's implementation among the others."""

    def __init__(self, hook: str) -> None:
        self.called = False

        def watch():
            self.called = True

        self.watch = hookimpl(watch, specname=hook)


def failing(error):
    class Data:
        def __iter__(self):
            raise error

    return Data()
