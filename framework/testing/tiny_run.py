"""`TinyRuns`: trainings of some milliseconds, in run directories of their own, to see what a plugin does in them.

trainer = TinyRuns(folder)(MyPlugin(), loss="my_loss", options={"clip_norm": 1.0})
assert trainer.history["train/loss"][-1] < 0.1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import framework
from framework import nn, optim
from framework.data import TensorDataset
from framework.errors import UserError, did_you_mean
from framework.plugin.finding import LOCAL, QUIET, RECIPE
from framework.plugin.manager import PluginManager
from framework.plugin.registry import PluginError
from framework.testing.power_cut import PowerCut
from framework.training.checkpoints.files import newest_valid
from framework.training.recipe import Recipe, build
from framework.training.run import Run
from framework.training.trainer import Trainer

__all__ = ["TinyRuns", "Training", "fail"]

PARTS = [each.name for each in fields(Recipe) if each.init]


def fail(message: str) -> None:
    """What a person would be told about a plugin is an error in a test."""
    raise PluginError(message)


def tiny(parts: Mapping[str, Any]) -> Recipe:
    """Is the sum of three numbers positive? 12 samples in batches of 4, three epochs; a Recipe of other parts, if given."""
    wrong = [name for name in parts if name not in PARTS]
    if wrong:
        raise UserError(
            f"A recipe has no part {wrong[0]!r}.{did_you_mean(wrong[0], PARTS)} A value for a part that is given by its "
            f"name is a hyperparameter: hyperparameters={{{wrong[0]!r}: …}}."
        )
    x = framework.randn(20, 3)
    y = (x.sum(dim=1, keepdim=True) > 0).float()
    model = parts["model"] if "model" in parts else nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    given = {
        "model": model,
        "train": TensorDataset(x[:12], y[:12]),
        "validate": TensorDataset(x[12:], y[12:]),
        "batch_size": 4,
        "epochs": 3,
        **parts,
    }
    if "step" not in given:
        given.setdefault("loss", nn.MSELoss())
    if "optimizer" not in given:
        given["optimizer"] = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Recipe(**given)


class TinyRuns:
    """Called with plugins, it trains with them; each run has a folder in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def __call__(self, *plugins: object, resume: Run | Path | str | None = None, **how: Any) -> Trainer:
        """Train, and give the Trainer: its `run` and `history` say what came of it. `how` is as in `Training`.

        `resume` goes on with a run from its newest checkpoint. A training whose power was cut has ended there.
        """
        training = Training(plugins, **how)
        if resume is not None:
            return training.go_on(resume.path if isinstance(resume, Run) else Path(resume))
        self._count += 1
        return training.train(self.folder / f"run-{self._count}")


class Training:
    """What to train, with which plugins beside those that come with the framework; others that are installed are left out.

    recipe: a function or a path, whose hyperparameters are `values`. Without one it is a tiny recipe, of which `values`
        are other parts, such as `loss=…` or `epochs=…` (`framework.Recipe` lists them), and `hyperparameters` what those
        of them take that are given by name.
    options: those of the run by name, such as {"clip_norm": 1.0}.
    """

    def __init__(
        self,
        plugins: Sequence[object],
        *,
        recipe: Callable[..., Recipe] | Path | str | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        loggers: Iterable[str] = (),
        compile: bool = True,
        on_nan: str = "stop",
        seed: int = 0,
        **values: Any,
    ) -> None:
        if isinstance(recipe, Recipe):
            raise UserError("Give the function that makes the recipe, or its path: recipe=recipe, not recipe=recipe().")
        if recipe is not None and hyperparameters is not None:
            raise UserError("The hyperparameters of a recipe are given as they are: tiny_run(recipe=recipe, lr=0.3).")
        self.plugins, self.recipe, self.hyperparameters = plugins, recipe, hyperparameters or {}
        self.values, self.seed = values, seed
        self.how: dict[str, Any] = {"options": dict(options or {}), "loggers": list(loggers), "on_nan": on_nan}
        self.compile = compile

    def train(self, folder: Path) -> Trainer:
        """Train in a new folder."""
        trainer = self.trainer()
        trainer.run = Run.create(trainer.recipe, out=folder, plugins=trainer.plugins, compiled=self.compile, **self.how)
        return _fitted(trainer)

    def go_on(self, folder: Path) -> Trainer:
        """Go on in the folder of a run from its newest checkpoint; from the beginning where there is none."""
        run = Run.open(folder)
        run.lock.acquire()
        checkpoint = newest_valid(folder, fail)
        if checkpoint is not None and checkpoint.state["unkept"]:
            fail(f"{checkpoint.path.name} cannot hold: {'; '.join(checkpoint.state['unkept'])}")
        trainer = self.trainer(checkpoint=checkpoint)
        run.update(status="running", reason="", ended=None)
        trainer.run = run
        return _fitted(trainer)

    def trainer(self, **more: Any) -> Trainer:
        """The Trainer, before it trains."""
        recipe = self._build()
        manager = PluginManager.load(QUIET, report=fail, installed=False)
        if recipe.file is not None and recipe.file.local is not None:
            manager.register(recipe.file.local, LOCAL)
        if recipe.file is not None and recipe.file.has_hooks:
            manager.register(recipe.file.module, RECIPE)
        for plugin in self.plugins:
            manager.register(plugin)
        return Trainer(recipe, plugins=manager, compile=self.compile, **self.how, **more)

    def _build(self) -> Recipe:
        if self.recipe is not None:
            return build(self.recipe, seed=self.seed, **self.values)
        recipe = build(lambda: tiny(self.values), seed=self.seed)
        recipe.hyperparameters = {"lr": 0.1, **self.hyperparameters}
        return recipe


def _fitted(trainer: Trainer) -> Trainer:
    run, plugins = trainer.run, trainer.plugins
    try:
        trainer.fit()
    except PowerCut:
        trainer.run, trainer.plugins = run, plugins
    return trainer
