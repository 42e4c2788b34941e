"""The loop: the tutorial's arithmetic, hooks in their order, and every way of ending."""

from __future__ import annotations

import math
import os
import sys

import pytest

import framework
from framework import nn, optim
from framework.data import DataLoader, IterableDataset, Subset, TensorDataset
from framework.errors import UserError
from framework.extend import hookimpl
from framework.plugin.manager import PluginManager
from framework.training import builtin
from framework.training.nonfinite.policy import NonFiniteError
from framework.training.recipe import Recipe, build
from framework.training.trainer import Trainer
from tests.tiny import tiny

X = framework.arange(8.0).reshape(8, 1) / 8
Y = 2 * X + 1


def failed(**changes) -> str:
    plugins = changes.pop("plugins", ())
    with pytest.raises(UserError) as caught:
        Trainer(tiny(**changes), plugins=plugins).fit()
    return str(caught.value)


def test_it_is_the_tutorials_loop_to_the_bit():
    def recipe(*, lr: float = 0.3, epochs: int = 3):
        model = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1))
        optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        data = DataLoader(TensorDataset(X, Y), batch_size=3, shuffle=True)
        return tiny(model=model, optimizer=optimizer, train=data, epochs=epochs)

    trained = build(recipe, seed=5)
    history = Trainer(trained).fit()

    byhand = build(recipe, seed=5)
    model, optimizer, loss_fn = byhand.model, byhand.optimizer, byhand.loss
    for _ in range(3):
        model.train()
        for x, y in byhand.train:
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        model.eval()
        with framework.no_grad():
            validation = loss_fn(model(X), Y).item()
    for name, value in model.state_dict().items():
        assert (value == trained.model.state_dict()[name]).all(), name
    assert history.final["validation/loss"] == validation


def test_gradients_from_before_do_not_count():
    first, second = tiny(), tiny()
    second.model.load_state_dict(first.model.state_dict())
    second.model(X).sum().backward()
    Trainer(first).fit()
    Trainer(second).fit()
    assert (first.model.weight == second.model.weight).all()


def test_the_history():
    history = Trainer(tiny(metrics=["mae"])).fit()
    assert [list(record) for record in history.records] == [
        ["epoch", "step", "train/loss", "train/mae", "validation/loss", "validation/mae", "time"]
    ] * 2
    assert history["epoch"] == [1, 2] and history["step"] == [2, 4]
    assert history.final is history.records[-1]
    assert (history.status, history.reason) == ("finished", "all epochs done")
    assert history["validation/loss"][1] < history["validation/loss"][0]


def test_nothing_is_printed_or_written(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Trainer(tiny()).fit()
    assert capfd.readouterr() == ("", "")
    assert os.listdir() == []


def test_several_validation_sets():
    final = Trainer(tiny(validate={"low": [(X[:4], Y[:4])], "high": [(X[4:], Y[4:])]})).fit().final
    assert {"low/loss", "high/loss", "train/loss"} <= set(final)
    assert "validation/loss" not in final


def test_a_dataset_is_put_into_batches():
    sizes = []

    class Sizes:
        @hookimpl
        def batch_start(self, batch):
            sizes.append(len(batch[0]))

    data = TensorDataset(X, Y)
    recipe = tiny(train=data, validate=data, batch_size=3)
    trainer = Trainer(recipe, plugins=[Sizes()])
    assert trainer.batches == 3
    trainer.fit()
    assert sizes == [3, 3, 2] * 2


def test_a_dataset_is_shuffled_for_training_only():
    torch_order = [seen(shuffled) for shuffled in ("train", "validation")]
    assert sorted(torch_order[0]) == torch_order[1]
    assert torch_order[0] != torch_order[1]


def seen(split: str) -> list[float]:
    """The inputs in the order in which a model sees them."""
    inputs = []

    class Seeing(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(1, 1)

        def forward(self, x):
            if self.training == (split == "train"):
                inputs.extend(x.reshape(-1).tolist())
            return self.linear(x)

    framework.manual_seed(0)
    recipe = tiny(model=Seeing(), train=TensorDataset(X, Y), validate=TensorDataset(X, Y), epochs=1)
    Trainer(recipe, compile=False).fit()
    return inputs


def test_the_model_is_in_the_right_mode():
    modes = []

    class Modes:
        @hookimpl
        def after_backward(self, trainer):
            modes.append(trainer.model.training)

        @hookimpl
        def validate_end(self, trainer):
            modes.append(trainer.model.training)

    Trainer(tiny(), plugins=[Modes()]).fit()
    assert modes == [True, True, False] * 2


def test_hooks_are_called_in_order(tmp_path):
    order = []

    def recorder(name):
        def hook(self):
            order.append(name)

        return hookimpl(hook, specname=name)

    names = [
        "train_start",
        "epoch_start",
        "batch_start",
        "after_backward",
        "should_update",
        "before_step",
        "after_step",
        "should_stop",
        "validate",
        "validate_end",
        "log",
        "epoch_end",
        "train_end",
        "checkpoint_saved",
        "run_end",
        "run_failed",
        "interrupted",
    ]
    plugin = type("Order", (), {f"on_{name}": recorder(name) for name in names})()
    from framework.training.run import Run

    recipe = tiny(epochs=1)
    Trainer(recipe, plugins=[plugin], run=Run.create(recipe, out=tmp_path / "run")).fit()
    step = ["batch_start", "after_backward", "should_update", "before_step", "after_step", "should_stop"]
    epoch = ["epoch_start", *step, *step, "validate", "validate_end", "log", "epoch_end", "should_stop"]
    assert order == ["train_start", *epoch, "checkpoint_saved", "train_end", "checkpoint_saved", "run_end"]


def test_hooks_in_the_recipes_file_count(tmp_path):
    (tmp_path / "hooked.py").write_text(
        """
from framework.extend import hookimpl
from tests.tiny import tiny


class Stop:
    @hookimpl
    def should_stop(self):
        return "the recipe says so"


stop = Stop()


def recipe():
    return tiny()
"""
    )
    recipe = build(tmp_path / "hooked.py")
    assert Trainer(recipe).fit().reason == "the recipe says so"
    assert Trainer(recipe, plugins=PluginManager()).fit().status == "finished"


def test_counting_of_epochs_steps_and_batches():
    seen = []

    class Count:
        @hookimpl
        def after_step(self, trainer):
            seen.append((trainer.epoch, trainer.batch, trainer.step, trainer.batches))

    Trainer(tiny(), plugins=[Count()]).fit()
    assert seen == [(1, 1, 1, 2), (1, 2, 2, 2), (2, 1, 3, 2), (2, 2, 4, 2)]


def test_a_length_that_is_not_known():
    class Stream:
        def __iter__(self):
            return iter([(X, Y)])

    assert Trainer(tiny(train=Stream())).batches is None


def test_an_update_can_be_left_out_and_its_gradients_are_kept():
    class EverySecond:
        steps = []

        @hookimpl
        def should_update(self, trainer):
            return trainer.batch == 2

        @hookimpl
        def after_step(self, trainer):
            self.steps.append(trainer.step)

    plugin = EverySecond()
    recipe = tiny()
    start = recipe.model.weight.detach().clone()
    whole = nn.Linear(1, 1)
    whole.load_state_dict(recipe.model.state_dict())
    Trainer(recipe, plugins=[plugin]).fit()
    assert plugin.steps == [1, 2]
    optimizer = optim.SGD(whole.parameters(), lr=0.1)
    for _ in range(2):
        for part in (slice(0, 4), slice(4, 8)):
            nn.MSELoss()(whole(X[part]), Y[part]).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert (recipe.model.weight == whole.weight).all() and (whole.weight != start).all()


def test_an_update_that_is_owed_at_the_end_of_an_epoch_is_made():
    class Never:
        @hookimpl
        def should_update(self):
            return False

    recipe = tiny(epochs=2)
    history = Trainer(recipe, plugins=[Never()]).fit()
    assert history["step"] == [1, 2]
    assert all(parameter.grad is None for parameter in recipe.model.parameters())


def test_an_answer_where_none_is_asked_for():
    class Old:
        @hookimpl
        def before_step(self):
            return False

    assert "implement should_update(trainer) and return False" in failed(plugins=[Old()])


def test_a_plugin_may_put_something_around_validation_also_when_it_fails():
    class Doubled:
        seen = []

        @hookimpl(wrapper=True)
        def validate(self, trainer):
            self.seen.append("before")
            try:
                return {**(yield), "doubled": 2}
            finally:
                self.seen.append("after")

    class Failing(nn.Linear):
        def forward(self, x):
            if not self.training:
                raise ValueError("not in validation")
            return super().forward(x)

    assert Trainer(tiny(), plugins=[Doubled()]).fit().final["doubled"] == 2
    Doubled.seen.clear()
    with pytest.raises(ValueError, match="not in validation"):
        Trainer(tiny(model=Failing(1, 1)), plugins=[Doubled()]).fit()
    assert Doubled.seen == ["before", "after"]


def test_plugins_may_put_other_data_in_the_place_of_the_recipes():
    class First:
        @hookimpl
        def prepare_data(self, split, data):
            return list(data)[:1] if split == "train" else None

    class Twice:
        @hookimpl
        def prepare_data(self, data):
            return [*data, *data]

    recipe = tiny(plugins=[First()])
    trainer = Trainer(recipe, plugins=[Twice()])
    assert trainer.batches == 2
    assert trainer.fit()["step"] == [2, 4]


def test_a_plugin_may_ask_to_stop_after_a_step():
    class Stop:
        @hookimpl
        def should_stop(self, trainer):
            return "three steps are enough" if trainer.step == 3 else None

    ended = []

    class Watch:
        @hookimpl
        def run_end(self, status, reason):
            ended.append((status, reason))

    history = Trainer(tiny(epochs=9), plugins=[Stop(), Watch()]).fit()
    assert (history.status, history.reason) == ("stopped", "three steps are enough")
    assert history["step"] == [2, 3] and "validation/loss" in history.final
    assert ended == [("stopped", "three steps are enough")]


def test_a_plugin_may_ask_to_stop_after_an_epoch():
    class Stop:
        @hookimpl
        def should_stop(self, trainer):
            return "an epoch is enough" if trainer.history.records else None

    history = Trainer(tiny(epochs=9), plugins=[Stop()]).fit()
    assert len(history.records) == 1 and history.reason == "an epoch is enough"


def test_metrics_of_a_plugin_are_logged():
    class Gap:
        @hookimpl
        def validate_end(self, metrics):
            metrics["gap"] = metrics["validation/loss"] - metrics["train/loss"]

    history = Trainer(tiny(), plugins=[Gap()]).fit()
    assert history["gap"][0] == history["validation/loss"][0] - history["train/loss"][0]


def test_a_plugin_may_log_records_of_its_own():
    records = []

    class Batches:
        @hookimpl
        def after_step(self, trainer):
            trainer.log({"step": trainer.step, "batch_loss": trainer.loss})

        @hookimpl
        def log(self, record):
            records.append(record)

    history = Trainer(tiny(epochs=1), plugins=[Batches()]).fit()
    assert [list(record)[:2] for record in records] == [["step", "batch_loss"]] * 2 + [["epoch", "step"]]
    assert len(history.records) == 1


@pytest.mark.parametrize("every, calls", [("epoch", 2), ("step", 4)])
def test_a_scheduler_steps_every_epoch_or_every_step(every, calls):
    class Halve:
        def __init__(self, optimizer):
            self.group = optimizer.param_groups[0]

        def step(self):
            self.group["lr"] /= 2

    class Plugin:
        @hookimpl
        def register_schedulers(self, register):
            register("halve", Halve)

    recipe = tiny(scheduler="halve", scheduler_every=every)
    Trainer(recipe, plugins=[Plugin()]).fit()
    assert recipe.optimizer.param_groups[0]["lr"] == 0.1 / 2**calls


def test_parts_by_name_take_hyperparameters_by_name():
    def recipe(*, lr: float = 0.25, momentum: float = 0.5, epochs: int = 1):
        return tiny(loss="mse", optimizer="sgd", epochs=epochs)

    trainer = Trainer(build(recipe, momentum=0.75))
    group = trainer.optimizer.param_groups[0]
    assert (group["lr"], group["momentum"]) == (0.25, 0.75)
    assert trainer.fit().status == "finished"


def test_a_part_by_a_name_that_is_not_there():
    assert failed(loss="mean_squared").startswith("Among the losses there is no 'mean_squared'.")
    assert failed(loss="crossentropy").endswith("Did you mean 'cross_entropy'?")
    assert failed(optimizer="sdg") == "Among the optimizers there is no 'sdg'. Did you mean 'sgd'?"
    assert failed(metrics=["acuracy"]) == ("Among the metrics there is no 'acuracy'. Did you mean 'accuracy'?")


def test_a_part_by_name_that_needs_what_the_recipe_does_not_have():
    class Plugin:
        @hookimpl
        def register_optimizers(self, register):
            register("picky", lambda params, rate, warm_up: None)

    assert failed(optimizer="picky", plugins=[Plugin()]) == (
        "<lambda>() needs 'rate', 'warm_up' by name; there are none."
    )


def test_a_step_of_the_recipes_own():
    def step(model, batch):
        x, y = batch
        return ((model(x) - y) ** 2).mean()

    own, plain = tiny(loss=None, step=step), tiny()
    own.model.load_state_dict(plain.model.state_dict())
    assert Trainer(own).fit()["train/loss"] == pytest.approx(Trainer(plain).fit()["train/loss"])


def test_a_step_that_updates_the_model_itself():
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(model, batch):
        x, y = batch
        loss = ((model(x) - y) ** 2).mean()
        if model.training:
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return loss

    history = Trainer(tiny(model=model, optimizer=None, loss=None, step=step, epochs=20)).fit()
    assert history["train/loss"][-1] < history["train/loss"][0] / 2
    assert history["step"][-1] == 40


def test_what_a_step_must_return():
    assert failed(step=lambda model, batch: 3.0) == (
        "The recipe's step must return the loss, a Tensor, or a dict with it as 'loss', not 3.0."
    )
    assert failed(step=lambda model, batch: {}) == (
        "The recipe's step must return the loss, a Tensor, or a dict with it as 'loss', not None."
    )
    assert failed(step=lambda model, batch: model(batch[0]).mean(), metrics=["mae"]) == (
        "For its metrics, the recipe's step must return a dict with 'prediction' and 'target'."
    )


def test_batches_that_need_a_step():
    assert failed(train=[{"x": X, "y": Y}]) == (
        "A batch must be (*inputs, target), not dict; for another kind, "
        "give the recipe its own step: Recipe(step=lambda model, batch: …)."
    )
    assert failed(train=[(X,)]).startswith("A batch must be (*inputs, target), not tuple")


def test_data_that_gives_no_batch():
    class Nothing:
        def __iter__(self):
            return iter(())

    assert failed(train=Nothing()) == "The train data gave no batch: it is empty."
    assert failed(validate={"test": Nothing()}) == "The test data gave no batch: it is empty."


def test_data_that_can_be_read_only_once():
    assert failed(train=iter([(X, Y)])) == (
        "The train data gave no batch on the second pass: an iterator can be read once, a list or a DataLoader often."
    )


def test_labels_outside_0_to_1():
    text = (
        "The labels for BCEWithLogitsLoss must lie between 0 and 1. {} 5 (from 0) has 2. "
        "For classes numbered 0, 1, 2, … use CrossEntropyLoss."
    )
    wrong = framework.zeros(8, 1)
    wrong[5] = 2.0
    loss = nn.BCEWithLogitsLoss()
    data = TensorDataset(X, wrong)
    assert failed(loss=loss, train=data) == text.format("In the train data, row")
    assert failed(loss=loss, validate=DataLoader(data)) == text.format("In the validation data, row")
    assert failed(loss=loss, train=[(X, wrong)]) == text.format("In a batch, row")
    subset = Subset(data, [0, 1, 2, 3, 4, 6, 7])
    Trainer(tiny(loss=loss, train=subset, validate=None)).fit()


def test_a_loss_that_is_not_finite_stops_before_the_update():
    x = X.clone()
    x[5, 0] = float("nan")
    recipe = tiny(train=[(X[:4], Y[:4]), (x[4:], Y[4:])], inputs=["width"])
    trainer = Trainer(recipe)
    with pytest.raises(NonFiniteError) as caught:
        trainer.fit()
    assert str(caught.value) == (
        "The loss is nan at step 2 (epoch 1, batch 2), before the update. "
        "The batch's input holds nan in row 1 (from 0), column 'width': 1 in all."
    )
    assert trainer.step == 1
    assert math.isfinite(recipe.model.weight.item())


def test_what_is_known_of_a_loss_that_is_not_finite():
    y = Y.clone()
    y[6] = float("inf")
    assert failed(train=[(X, y)]) == (
        "The loss is inf at step 1 (epoch 1, batch 1), before the update. "
        "The batch's target holds inf in row 6 (from 0): 1 in all."
    )
    model = nn.Linear(1, 1)
    with framework.no_grad():
        model.bias.fill_(float("nan"))
    assert failed(model=model) == (
        "The loss is nan at step 1 (epoch 1, batch 1), before the update. The parameter 'bias' is not finite."
    )
    model = nn.Linear(1, 1)
    with framework.no_grad():
        model.bias.fill_(1e30)
    assert failed(model=model) == (
        "The loss is inf at step 1 (epoch 1, batch 1), before the update.\n"
        "  It comes from mse_loss(), in the loss (MSELoss).\n"
        "  Its inputs go up to 1e+30 in magnitude, and the result is beyond the 3.4e+38 at which float32 ends. A smaller "
        "learning rate, inputs brought to mean 0 and standard deviation 1, or clipped gradients help."
    )
    assert failed(validate=[(X, y)]) == (
        "The loss is inf on the validation data (epoch 1, batch 1). "
        "The batch's target holds inf in row 6 (from 0): 1 in all."
    )


class Ended:
    """Watches how a run ended."""

    def __init__(self):
        self.calls = []

    @hookimpl
    def interrupted(self, trainer):
        self.calls.append("interrupted")

    @hookimpl
    def run_failed(self, trainer, error):
        self.calls.append(("run_failed", error))

    @hookimpl
    def run_end(self, status, reason):
        self.calls.append((status, reason))

    @hookimpl
    def train_end(self):
        self.calls.append("train_end")


def raising(error):
    class Raise:
        @hookimpl(tryfirst=True)
        def after_step(self, trainer):
            if trainer.step == 3:
                raise error

    return Raise()


def test_ctrl_c_is_told_and_raised_on():
    ended = Ended()
    trainer = Trainer(tiny(), plugins=[ended, raising(KeyboardInterrupt())])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit()
    assert ended.calls == ["interrupted", ("interrupted", "Ctrl-C")]
    assert trainer.history.status == "interrupted" and len(trainer.history.records) == 1


def test_a_failure_is_told_and_raised_on():
    ended, error = Ended(), RuntimeError("oh")

    def step(model, batch):
        raise error

    with pytest.raises(RuntimeError) as caught:
        Trainer(tiny(step=step), plugins=[ended]).fit()
    assert caught.value is error
    assert ended.calls == [("run_failed", error), ("failed", "RuntimeError: oh")]


def test_leaving_the_process_is_a_failure_too():
    ended = Ended()
    with pytest.raises(SystemExit):
        Trainer(tiny(), plugins=[ended, raising(SystemExit(3))]).fit()
    assert ended.calls[-1] == ("failed", "SystemExit: 3")


def test_an_update_of_a_plugins_optimizer_is_not_recorded():
    class Plain(optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        def step(self):
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter -= group["lr"] * parameter.grad

    model = nn.Linear(1, 1)
    own = tiny(model=model, optimizer=Plain(model.parameters()))
    plain = tiny()
    plain.model.load_state_dict(model.state_dict())
    Trainer(own).fit()
    Trainer(plain).fit()
    assert own.model.weight.item() == pytest.approx(plain.model.weight.item())


def test_no_tqdm_or_click_without_plugins(tmp_path):
    import subprocess

    code = (
        "import sys; from tests.tiny import tiny; from framework.training.trainer import Trainer\n"
        "Trainer(tiny()).fit(); print(*sorted({'click', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_a_list_of_samples_is_put_into_batches():
    data = [(x, y) for x, y in zip(X, Y[:, 0], strict=True)]
    trainer = Trainer(
        tiny(model=nn.Sequential(nn.Linear(1, 1), nn.Flatten(0)), train=data, validate=data, batch_size=3)
    )
    assert trainer.batches == 3
    assert trainer.fit()["step"] == [3, 6]


@pytest.mark.parametrize(
    "returned, found",
    [
        (lambda prediction, target: None, "None: is a `return` missing?"),
        (
            lambda prediction, target: 0.5,
            "0.5, which has no gradient: leave the tensor as it is, without .item() or float().",
        ),
        (
            lambda prediction, target: (prediction - target) ** 2,
            "a tensor of shape (4, 1): take its mean, loss.mean().",
        ),
    ],
)
def test_what_a_loss_must_return(returned, found):
    def squares(prediction, target):
        return returned(prediction, target)

    assert failed(loss=squares) == f"The loss squares must return a tensor of one element, not {found}"


def test_a_loss_of_several_elements_from_a_step():
    assert failed(step=lambda model, batch: model(batch[0])) == (
        "The recipe's step must return a tensor of one element, not a tensor of shape (4, 1): "
        "take its mean, loss.mean()."
    )


def test_names_of_classes_fit_the_models_output():
    assert failed(classes=["a", "b", "c"]) == (
        "Recipe(classes=[…]) names 3, but the model has one output, which tells 2 classes apart: "
        "name 2, or give the model one output for each class, and CrossEntropyLoss."
    )

    def three(classes):
        return {
            "model": nn.Linear(1, 3),
            "loss": nn.CrossEntropyLoss(),
            "train": [(X, framework.tensor([0, 1, 2, 0, 1, 2, 0, 1]))],
            "validate": None,
            "classes": classes,
        }

    assert failed(**three(["a", "b"])) == (
        "Recipe(classes=[…]) names 2, but the model has 3 outputs: name one class for each."
    )
    assert Trainer(tiny(**three(["a", "b", "c"]))).fit().status == "finished"
    assert Trainer(tiny(classes=["a", "b"])).fit().status == "finished"


def test_names_of_inputs_fit_the_batch():
    recipe = tiny(inputs=["a", "b"])
    before = recipe.model.weight.item()
    with pytest.raises(UserError) as caught:
        Trainer(recipe).fit()
    assert str(caught.value) == (
        "Recipe(inputs=[…]) names 2, but the train data has 1 column: name each, in their order."
    )
    assert recipe.model.weight.item() == before


class Broken(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.register_buffer("scale", framework.tensor(scale))

    def forward(self, x):
        return self.linear(x) / self.scale


def test_a_loss_that_is_not_finite_because_of_the_model():
    start = "The loss is inf at step 1 (epoch 1, batch 1), before the update."
    told = failed(model=Broken(0.0))
    assert told.startswith(f"{start}\n  It comes from div(), in all rows of the batch, in the model (Broken), at ")
    assert "\n      return self.linear(x) / self.scale\n  It divides by 0, and" in told
    assert failed(model=Broken(math.nan)) == start.replace("inf", "nan") + " The buffer 'scale' is not finite."


def test_a_recipe_gets_its_run_when_it_can_be_trained(tmp_path):
    from framework.training.run import Run

    made = []

    class Plugin:
        @hookimpl
        def register_loggers(self, register):
            register("paper", paper)

    class Paper:
        @hookimpl
        def log(self, record):
            pass

    def paper(run):
        made.append(run)
        return Paper()

    recipe = tiny()
    trainer = Trainer(recipe, plugins=[Plugin()], loggers=["paper"])
    assert made == []
    trainer.run = Run.create(recipe, out=tmp_path / "run")
    trainer.fit()
    assert made == [trainer.run] and trainer.run.info["status"] == "finished"


def test_a_run_whose_logger_is_not_there_has_failed(tmp_path):
    from framework.training.run import Run

    recipe = tiny()
    run = Run.create(recipe, out=tmp_path / "run")
    with pytest.raises(UserError, match="Among the loggers there is no 'paper'"):
        Trainer(recipe, run=run, loggers=["paper"])
    assert run.info["status"] == "failed"


def test_an_optimizer_that_searches_for_its_step_gets_further_passes():
    framework.manual_seed(0)
    x = framework.randn(40, 3)
    y = x @ framework.tensor([[1.0], [-2.0], [0.5]])

    def history(**options):
        model = nn.Linear(3, 1)
        optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe", **options)
        recipe = Recipe(
            model=model, loss="mse", optimizer=optimizer, train=TensorDataset(x, y), batch_size=40, epochs=2
        )
        return Trainer(recipe).fit(), model

    found, model = history(max_iter=20)
    assert found.final["train/loss"] < 1e-6 and found.final["step"] == 2
    assert model.weight.grad is None
    by_name = Trainer(
        Recipe(model=nn.Linear(3, 1), loss="mse", optimizer="lbfgs", train=TensorDataset(x, y), batch_size=40, epochs=3)
    ).fit()
    assert by_name.final["train/loss"] < 1e-2


def test_what_the_framework_has_goes_by_name():
    manager = PluginManager()
    manager.register(builtin, "framework")
    optimizers = manager.registry("optimizers")
    assert {"adamw", "lbfgs", "sgd"} <= set(optimizers) and "optimizer" not in optimizers
    assert {"cross_entropy", "bce_with_logits", "l1"} <= set(manager.registry("losses"))
    assert {"step", "cosine_annealing", "reduce_lr_on_plateau"} <= set(manager.registry("schedulers"))
    assert {"mul", "erf"} <= set(manager.registry("operations"))


@pytest.mark.parametrize("length", [None, 8])
@pytest.mark.parametrize("loader", [False, True])
def test_a_stream_is_trained_on_in_its_own_order(length, loader):
    class Stream(IterableDataset):
        def __iter__(self):
            for i in range(8):
                yield framework.tensor([i / 8]), framework.tensor([i / 4 + 1])

    if length is not None:
        Stream.__len__ = lambda self: length
    framework.manual_seed(0)
    data = DataLoader(Stream(), batch_size=4) if loader else Stream()
    trainer = Trainer(tiny(train=data, batch_size=4))
    assert trainer.batches == (None if length is None else 2)
    history = trainer.fit()
    framework.manual_seed(0)
    in_batches = Trainer(tiny()).fit()
    assert [r["train/loss"] for r in history.records] == [r["train/loss"] for r in in_batches.records]
