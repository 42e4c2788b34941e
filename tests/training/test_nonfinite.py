"""Loss or gradients that are not finite: why, told; and the batch stopped at, left out, or warned of."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import framework as torch
import framework.nn.functional as F
from framework import nn, optim
from framework.compiler.compiled import CompileWarning
from framework.errors import UserError
from framework.plugin.markers import hookimpl
from framework.training.checkpoints.files import read_checkpoint
from framework.training.nonfinite.diagnosis import diagnose
from framework.training.nonfinite.file import read_report
from framework.training.nonfinite.policy import NonFiniteError
from framework.training.nonfinite.reproducing import reproduce
from framework.training.nonfinite.rewind import Rewind
from framework.training.recipe import Recipe, build
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins.checkpoints import Checkpoints
from tests.tiny import tiny

INF = math.inf
X = torch.linspace(0.1, 3.2, 32).reshape(8, 4)
X[3] = 0.0


class Net(nn.Module):
    """A linear layer, then whatever a test does."""

    def __init__(self, function):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.function = function
        self.register_buffer("mask", torch.full((4, 4), -INF).triu(1))

    def forward(self, x):
        return self.function(self, x)


class Halved(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad / 0


def told(function, x=X, **options):
    model = Net(function)
    return diagnose(model, lambda: model(x).sum(), batch=(x, X[:, 0]), **options)


FORWARD = {
    "log of 0": (lambda m, x: m.body(x).relu().log(), "log", "and log(0) is -inf. Keep it away from there"),
    "log below 0": (
        lambda m, x: (m.body(x) - 9).log(),
        "log",
        "32 numbers below 0, down to -9, whose logarithm is nan",
    ),
    "log1p": (lambda m, x: (m.body(x) * 0 - 1).log1p(), "log1p", "32 numbers -1, and log1p(-1) is -inf"),
    "x / 0": (lambda m, x: (m.body(x) + 1) / x, "div", "divides by 4 zeros, and a number divided by 0 is infinite"),
    "0 / 0": (lambda m, x: m.body(x) * x / x, "div", "divides by 4 zeros, and 0 / 0 is nan"),
    "x / 0, a number": (lambda m, x: m.body(x) / 0, "div", "It divides by 0, and"),
    "1 / x": (lambda m, x: m.body(x) + 1 / x, "reciprocal", "4 zeros. Add a small number"),
    "root": (lambda m, x: (m.body(x) - 9).sqrt(), "sqrt", "32 numbers below 0"),
    "exp": (lambda m, x: (m.body(x) + 100).exp(), "exp", "overflows float32 from x = 88.72 on"),
    "square": (lambda m, x: ((m.body(x) + 1) * 1e30).square(), "pow", "beyond the 3.4e+38 at which float32 ends"),
    "power of 0": (lambda m, x: (m.body(x) * 0) ** -1.5, "pow", "32 zeros, and 0 to a negative power is infinite"),
    "power below 0": (lambda m, x: (m.body(x) - 9) ** 0.5, "pow", "a fractional power of those is nan"),
    "product": (lambda m, x: (m.body(x) + 1) * 1e30 * 1e30, "mul", "beyond the 3.4e+38"),
    "inf made, then times 0": (lambda m, x: (m.body(x) + 100).exp() * 0, "exp", "overflows float32"),
    "inf given, times 0": (lambda m, x: m.body(x).masked_fill(x > 1, INF) * 0, "mul", "infinity times 0 is nan"),
    "arccosine": (lambda m, x: (m.body(x) + 2).acos(), "acos", "32 numbers outside of -1 to 1"),
    "mean of none": (lambda m, x: m.body(x)[x > 99].mean(), "mean", "the mean of no elements, 0 / 0"),
    "in place": (lambda m, x: (m.body(x) * 0).log_(), "log_", "32 zeros"),
    "softmax": (
        lambda m, x: F.softmax(m.body(x).masked_fill(x == 0, -INF), 1),
        "softmax",
        "All is -inf in 1 row of its input, and the softmax of nothing but -inf is 0 / 0",
    ),
    "mask in a buffer": (
        lambda m, x: F.softmax(m.body(x)[:4] + m.mask[0, 1:2], 1),
        "softmax",
        "All is -inf in 4 rows of its input",
    ),
    "all ignored": (
        lambda m, x: F.cross_entropy(m.body(x), torch.full((8,), -100)),
        "cross_entropy",
        "All 8 targets are ignored (-100), and the mean over none is 0 / 0",
    ),
}


@pytest.mark.parametrize("case", FORWARD)
def test_the_operation_that_a_loss_comes_from(case):
    function, operation, text = FORWARD[case]
    diagnosis = told(function)
    assert diagnosis.operation == operation and diagnosis.call.phase == "forward"
    assert diagnosis.parameter is None and not math.isfinite(diagnosis.loss)
    assert text in diagnosis.text
    assert "test_nonfinite.py:" in diagnosis.text and " in the model (Net), at " in diagnosis.text


BACKWARD = {
    "root": (lambda m, x: (m.body(x) * 0).sqrt(), "sqrt", "32 zeros, where the slope of sqrt is infinite"),
    "root, chosen away": (
        lambda m, x: torch.where(x > 0, (m.body(x) * x).sqrt(), torch.zeros(())),
        "sqrt",
        "its gradient of 0 still meets the infinite slope",
    ),
    "power": (lambda m, x: (m.body(x) * 0) ** 0.5, "pow", "32 zeros, where the slope of pow is infinite"),
    "arccosine": (lambda m, x: (m.body(x) * 0 + 1).acos(), "acos", "32 numbers -1 or 1"),
    "a function of one's own": (
        lambda m, x: Halved.apply(m.body(x)),
        "Halved",
        "The gradient that arrives there is 1.",
    ),
}


@pytest.mark.parametrize("case", BACKWARD)
def test_the_operation_that_a_gradient_comes_from(case):
    function, operation, text = BACKWARD[case]
    diagnosis = told(function)
    assert diagnosis.operation == operation and diagnosis.call.phase == "backward"
    assert diagnosis.parameter == "body.0.weight" and math.isfinite(diagnosis.loss)
    assert "The gradient of 'body.0.weight' is" in diagnosis.text
    assert f"the backward of {operation}()" in diagnosis.text and text in diagnosis.text
    assert "So is that of 'body.0.bias'." in diagnosis.text


def test_the_whole_text():
    class Logarithm(nn.Module):
        def forward(self, x):
            return x.log()  # the line

    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), Logarithm()))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].weight += torch.eye(4)
        model[0].bias.zero_()
    lines = diagnose(model, lambda: model(X).mean(), batch=(X, X[:, 0])).text.splitlines()
    assert lines[0] == "The loss is -inf in this batch."
    assert lines[1].startswith("  It comes from log(), in row 3 (from 0) of the batch, in 1.1 (Logarithm), at tests/")
    assert lines[2] == "      return x.log()  # the line"
    assert lines[3].startswith(
        "  Its input has 4 zeros, and log(0) is -inf. Keep it away from there: x.clamp(min=1e-8)"
    )


def test_what_was_not_finite_before():
    spoiled = X.clone()
    spoiled[2, 1] = math.nan
    named = told(lambda m, x: m.body(x), spoiled, names=["a", "b", "c", "d"])
    assert named.text == (
        "The loss is nan in this batch. The batch's input holds nan in row 2 (from 0), column 'b': 1 in all."
    )
    assert named.call is None
    harmless = told(lambda m, x: (m.body(x.nan_to_num(0.0)) * 0).log(), spoiled)
    assert harmless.operation == "log"
    constant = told(lambda m, x: m.body(x) + torch.full((4,), INF))
    assert "A tensor of shape (4,) that is neither the batch's nor the model's" in constant.text
    assert "holds inf. It is given to add(), in the model (Net), at " in constant.text


def test_what_is_finite_is_called_so():
    diagnosis = told(lambda m, x: F.softmax(m.body(x)[:4] + m.mask, 1))
    assert not diagnosis.found and diagnosis.text == "All is finite: the loss, and every gradient."
    assert not told(lambda m, x: m.body(x).norm(dim=1)).found


# The check in the step


class Root(nn.Module):
    """Its loss is finite where the weight is 0; its gradient is not."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1, bias=False)
        self.unused = nn.Parameter(torch.zeros(2))
        self.scalar = nn.Parameter(torch.tensor(1.0))
        self.empty = nn.Parameter(torch.zeros(0, 3))

    def forward(self, x):
        return (self.linear(x) * 0).abs().sqrt() * self.scalar + self.empty.sum() if self.training else self.linear(x)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_gradient_that_is_not_finite_stops_before_the_update(compiled):
    recipe = tiny(model=Root())
    before = {name: value.clone() for name, value in recipe.model.state_dict().items()}
    trainer = Trainer(recipe, compile=compiled)
    with pytest.raises(
        NonFiniteError, match=r"The gradient of 'linear.weight' is nan at step 1 \(epoch 1, batch 1\)"
    ) as caught:
        trainer.fit()
    assert "the backward of sqrt(), in all rows of the batch, in the model (Root)" in str(caught.value)
    assert caught.value.diagnosis.parameter == "linear.weight"
    assert trainer.step == 0 and trainer.history.status == "failed"
    for name, value in recipe.model.state_dict().items():
        assert torch.equal(value, before[name])


class Scaled(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.linear = nn.Linear(1, 3)
        self.by = by

    def forward(self, x):
        return (self.linear(x).sum(1, keepdim=True) * self.by).tanh()


@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_that_are_huge_but_finite_are_taken(compiled):
    """Their squares, and their sum, are beyond float32."""

    def step(model, batch):
        return (model(batch[0]) * 3e38).sum()

    model = nn.Linear(4, 1)
    data = [(torch.full((1, 4), 0.4) * k, torch.ones(1)) for k in (1.0, 0.9, 0.8)]
    with torch.no_grad():
        model.weight.fill_(1e-3)
        model.bias.fill_(0.0)
    recipe = Recipe(model=model, step=step, train=data, optimizer=optim.SGD(model.parameters(), lr=1e-42), epochs=2)
    trainer = Trainer(recipe, compile=compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit()
    assert trainer.step == 6
    if compiled:
        assert "refuse_nonfinite_gradients(gradients)" in trainer.steps.train.program.source


def bad_in_the_midst(good, bad, place):
    return [*good[:place], bad, *good[place:]]


def noisy(data, optimizer="momentum"):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
    options = {"momentum": {"lr": 0.05, "momentum": 0.9}, "adam": {}}[optimizer]
    kind = {"momentum": optim.SGD, "adam": optim.Adam}[optimizer]
    return Recipe(model=model, loss=nn.MSELoss(), optimizer=kind(model.parameters(), **options), train=data, epochs=2)


def batches(count):
    torch.manual_seed(1)
    return [(torch.randn(6, 2), torch.randn(6, 1)) for _ in range(count)]


def said(trainer):
    messages = []
    trainer.plugins.report = messages.append
    return messages


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_batch_left_out_is_as_if_it_had_not_been_there(compiled, optimizer):
    """Random numbers, running statistics and the optimizer's state included."""
    good = batches(5)
    bad = (good[0][0] * torch.tensor([[1.0, INF]]), good[0][1])
    reference = Trainer(noisy(good, optimizer), compile=compiled)
    reference.fit()
    recipe = noisy(bad_in_the_midst(good, bad, 3), optimizer)
    trainer = Trainer(recipe, compile=compiled, on_nan="skip")
    messages = said(trainer)
    trainer.fit()
    for name, value in reference.model.state_dict().items():
        assert torch.equal(value, recipe.model.state_dict()[name]), name
    assert trainer.step == reference.step == 10
    assert [each["train/skipped"] for each in trainer.history.records] == [1, 1]
    assert [each["train/loss"] for each in trainer.history.records] == [
        each["train/loss"] for each in reference.history.records
    ]
    assert "train/skipped" not in reference.history.records[0]
    assert len(messages) == 3
    assert "The loss is nan at step 4 (epoch 1, batch 4)" in messages[0]
    assert "The batch's input holds" in messages[0] and "The batch is left out" in messages[0]
    assert messages[1] == "1 batch was left out in epoch 1, since the loss or a gradient was not finite."
    if compiled:
        assert trainer.steps.train.program is not None


def test_an_epoch_of_which_nothing_is_left_is_an_error():
    bad = torch.full((4, 1), math.nan)
    trainer = Trainer(tiny(train=[(bad, bad)]), on_nan="skip")
    said(trainer)
    with pytest.raises(NonFiniteError, match="Every batch of epoch 1 was left out"):
        trainer.fit()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_warning_and_training_goes_on_as_without_the_check(compiled):
    good = batches(4)
    bad = (good[0][0] * 1e38, good[0][1] * INF)
    data = bad_in_the_midst(good, bad, 2)
    unchecked = Trainer(noisy(data), compile=compiled)
    unchecked.go_unchecked()
    unchecked.fit()
    trainer = Trainer(noisy(data), compile=compiled, on_nan="warn")
    messages = said(trainer)
    trainer.fit()
    assert len(messages) == 1
    assert "at step 3 (epoch 1, batch 3)" in messages[0] and "Training goes on, and checks no more." in messages[0]
    assert math.isnan(trainer.history.records[-1]["train/loss"])
    for name, value in unchecked.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), trainer.model.state_dict()[name].numpy(), name)


@pytest.mark.parametrize("policy", ["skip", "warn"])
def test_validation_that_is_not_finite_is_told_once(policy):
    recipe = tiny()
    x, y = recipe.train[0]
    trainer = Trainer(tiny(validate=[(x, y * INF), (x, y)]), on_nan=policy)
    messages = said(trainer)
    trainer.fit()
    assert len(messages) == 1 and "The loss is inf on the validation data (epoch 1, batch 1)." in messages[0]
    assert [each["validation/loss"] for each in trainer.history.records] == [INF, INF]
    assert trainer.step == 4
    with pytest.raises(NonFiniteError, match="on the validation data"):
        Trainer(tiny(validate=[(x, y * INF)])).fit()


def test_a_policy_that_is_not_known():
    with pytest.raises(UserError, match=r"on_nan must be 'stop', 'skip' or 'warn', not 'skp'. Did you mean 'skip'\?"):
        Trainer(tiny(), on_nan="skp")


def test_a_search_for_the_step_may_meet_infinity():
    """LBFGS tries a step, and sees where it leads: that is its own business, as in PyTorch."""
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    seen = []

    def step(model, batch):
        loss = (model(batch[0]) * 200 + 200).exp().mean() if seen else model(batch[0]).square().mean()
        seen.append(loss.item())
        return loss

    recipe = Recipe(
        model=model,
        step=step,
        train=[(torch.ones(1, 1), torch.ones(1))],
        optimizer=optim.LBFGS(model.parameters(), max_iter=2),
        epochs=1,
    )
    Trainer(recipe, compile=False).fit()
    assert INF in seen[1:]


def test_what_cannot_be_seen_again_is_said():
    runs = []

    def step(model, batch):
        runs.append(1)
        loss = model(batch[0]).mean()
        return loss * math.nan if len(runs) == 1 else loss

    with pytest.raises(NonFiniteError, match="the batch gave finite numbers: it depends on what is not put back"):
        Trainer(tiny(step=step, loss=None), compile=False).fit()


def test_what_was_left_out_is_known_after_a_resume(tmp_path):
    good = batches(4)
    bad = (good[0][0] * INF, good[0][1])

    def train(folder, checkpoint=None):
        recipe = build(lambda: noisy(bad_in_the_midst(good, bad, 1)), seed=7)
        keeping = Checkpoints(every="1step", keep_last=100)
        trainer = Trainer(recipe, plugins=[keeping], on_nan="skip", checkpoint=checkpoint)
        trainer.run = (
            Run(folder, {"status": "running"}, {}) if checkpoint is not None else Run.create(recipe, out=folder)
        )
        messages = said(trainer)
        trainer.fit()
        kept = [{name: value for name, value in each.items() if name != "time"} for each in trainer.history.records]
        return kept, messages

    records, messages = train(tmp_path / "whole")
    assert [each["train/skipped"] for each in records] == [1, 1] and len(messages) == 3
    steps = sorted((tmp_path / "whole" / "checkpoints").iterdir())
    assert len(steps) == 8
    for number, path in enumerate(steps[1:-1]):
        (tmp_path / f"part-{number}").mkdir()
        again, more = train(tmp_path / f"part-{number}", read_checkpoint(path))
        assert again == records
        assert not any("It comes from" in each for each in more)  # the diagnosis was given before


@pytest.mark.parametrize("compiled", [True, False])
def test_a_batch_left_out_takes_nothing_from_those_it_is_added_to(compiled):
    """With an update every two batches, gradients of the batch before are kept."""

    class EveryTwo:
        @hookimpl
        def should_update(self, trainer):
            return len(taken) % 2 == 0

        @hookimpl
        def after_backward(self, trainer):
            taken.append(trainer.batch)

    good = batches(6)
    bad = (good[0][0] * INF, good[0][1])
    states = []
    for data in (good, bad_in_the_midst(good, bad, 3)):
        taken = []
        trainer = Trainer(noisy(data), plugins=[EveryTwo()], compile=compiled, on_nan="skip")
        said(trainer)
        trainer.fit()
        assert trainer.step == 6
        states.append(trainer.model.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_what_raises_when_it_is_run_again_is_said():
    runs = []

    def step(model, batch):
        runs.append(1)
        if len(runs) == 2:
            raise RuntimeError("only once")
        return model(batch[0]).mean() * INF

    with pytest.raises(
        NonFiniteError, match=r"at step 1 .*Run again, to see why, the batch raised: RuntimeError: only once"
    ):
        Trainer(tiny(step=step, loss=None), compile=False).fit()


def test_a_loss_that_is_no_tensor():
    class Loss:
        def item(self):
            return math.nan

        def backward(self):
            pass

    with pytest.raises(NonFiniteError, match="It is no tensor: what it comes from cannot be seen"):
        Trainer(tiny(step=lambda model, batch: {"loss": Loss()}, loss=None), compile=False).fit()


# Going back


def test_rewinding_puts_everything_back():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[0].register_buffer("kept", torch.zeros(2))
    rewind = Rewind(model, optim.SGD(model.parameters(), lr=0.1))
    x = torch.randn(6, 2)
    model(x).sum().backward()
    rewind.note(owed=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradient = model[0].weight.grad.clone()
    first = model(x)
    first.sum().backward()
    model[0].kept = torch.ones(2)
    rewind.rewind()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert torch.equal(model[0].weight.grad, gradient)
    assert torch.equal(model(x), first)
    rewind.rewind()
    assert torch.equal(model(x), first)


def test_a_note_keeps_nothing_anew_where_nothing_moved():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    rewind = Rewind(model)
    rewind.note()
    state, values = rewind._state, [each.values.copy() for each in rewind._buffers]
    model.eval()
    model(torch.ones(3, 2))
    rewind.note()
    assert rewind._state is state
    model.train()
    model(torch.randn(3, 2))
    rewind.note()
    assert rewind._state is not state
    assert not np.array_equal(values[0], rewind._buffers[0].values)


def test_a_compiled_program_that_is_refused_is_not_given_up():
    """A batch that is not finite is no reason for a program to run as it is written."""
    good = batches(6)
    bad = (good[0][0] * INF, good[0][1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", CompileWarning)
        trainer = Trainer(noisy([*good, bad, *good]), on_nan="skip")
        said(trainer)
        trainer.fit()
    assert len(trainer.steps.train.programs) == 1


# The file


def test_a_run_keeps_the_batch(tmp_path):
    x = torch.arange(8.0).reshape(8, 1)
    recipe = tiny(train=[(x[:4], x[:4]), (x[4:], x[4:] * INF)], inputs=["width"])
    run = Run.create(recipe, out=tmp_path / "run")
    with pytest.raises(NonFiniteError) as caught:
        Trainer(recipe, run=run).fit()
    path = tmp_path / "run" / "nonfinite-step-2.npz"
    assert caught.value.file == path and str(caught.value).endswith(f"\nTo see it again: framework reproduce {path}")
    content = read_report(path)
    assert torch.equal(content["data"][0], x[4:]) and content["step"] == 2 and content["split"] == "train"
    assert torch.equal(content["parameters"]["weight"], recipe.model.weight.detach())
    with pytest.raises(UserError, match="was no file"):
        reproduce(path)
    again = reproduce(path, recipe=tiny())
    assert again.text == ("The loss is inf in this batch. The batch's target holds inf in row 0 (from 0): 4 in all.")
    with pytest.raises(UserError, match="The model is not the one that was trained"):
        reproduce(path, recipe=tiny(model=nn.Linear(2, 1)))


def test_a_batch_that_cannot_be_kept_is_said(tmp_path):
    class Batch:
        x = torch.ones(1, 1) * INF

    recipe = tiny(train=[Batch()], validate=None, loss=None, step=lambda model, batch: model(batch.x).mean())
    run = Run.create(recipe, out=tmp_path / "run")
    with pytest.raises(NonFiniteError, match="The batch could not be kept to be looked at again"):
        Trainer(recipe, run=run, compile=False).fit()


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        reproduce(tmp_path / "nonfinite-step-1.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(UserError, match="does not hold a batch that went wrong"):
        reproduce(tmp_path / "other.npz")
