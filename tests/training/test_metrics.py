"""Metrics are those of the whole split, exactly, however it is cut into batches."""

from __future__ import annotations

import math
import random
import re
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial

import numpy as np
import pytest

import framework
from framework import nn
from framework.errors import UserError
from framework.training import metrics
from framework.training.metrics import Accuracy, Metric, SplitMeter, WholeSplit, named_metrics
from framework.training.trainer import Trainer
from tests.tiny import tiny

X = framework.arange(10.0).reshape(10, 1) / 10
Y = (X > 0.35).float()


def batches(size: int, x=X, y=Y) -> list:
    return [(x[start : start + size], y[start : start + size]) for start in range(0, len(x), size)]


def first_validation(**changes) -> dict[str, float]:
    """The validation metrics of a model that is never changed."""
    network = nn.Linear(1, 1)
    with framework.no_grad():
        network.weight.fill_(1.0)
        network.bias.fill_(-0.5)
    from framework import optim

    changes = {"model": network, "optimizer": optim.SGD(network.parameters(), lr=0.0), **changes}
    return Trainer(tiny(epochs=1, **changes)).fit().final


@pytest.mark.parametrize("size", [1, 3, 4, 7, 10])
def test_loss_and_metrics_do_not_depend_on_the_batches(size):
    final = first_validation(
        loss=nn.BCEWithLogitsLoss(),
        train=batches(size),
        validate=batches(size),
        metrics=["accuracy", "mae", "rmse"],
    )
    logits = X - 0.5
    difference = (logits - Y).numpy().astype(float)
    expected = {
        "loss": nn.BCEWithLogitsLoss()(logits, Y).item(),
        "accuracy": 0.8,  # 0.4 and 0.5 are taken for 0
        "mae": abs(difference).mean(),
        "rmse": math.sqrt((difference**2).mean()),
    }
    for split in ("train", "validation"):
        found = {name: final[f"{split}/{name}"] for name in expected}
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_ignored_classes_and_class_weights_count_as_in_the_whole_split(size):
    logits = framework.arange(30.0).reshape(10, 3).sin()
    target = framework.tensor([0, 1, -100, 2, 2, -100, 0, 1, 1, 2])
    loss = nn.CrossEntropyLoss(weight=framework.tensor([1.0, 2.0, 0.5]))

    class Identity(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(framework.zeros(1))

        def forward(self, x):
            return x + 0 * self.unused

    from framework import optim

    model = Identity()
    final = first_validation(
        model=model,
        optimizer=optim.SGD(model.parameters(), lr=0.0),
        loss=loss,
        train=batches(size, logits, target),
        validate=None,
    )
    assert final["train/loss"] == pytest.approx(loss(logits, target).item())


def test_a_loss_that_adds_up_is_added_up():
    loss = nn.MSELoss(reduction="sum")
    final = first_validation(loss=loss, validate=batches(3))
    assert final["validation/loss"] == pytest.approx(loss(X - 0.5, Y).item())


def test_a_function_is_called_once_with_the_whole_split():
    shapes = []

    def spread(prediction, target):
        assert not prediction.requires_grad
        shapes.append((tuple(prediction.shape), tuple(target.shape)))
        return prediction.max() - prediction.min()

    final = first_validation(train=batches(4), validate=batches(3), metrics=[spread])
    assert shapes == [((10, 1), (10, 1))] * 2
    assert final["validation/spread"] == pytest.approx(0.9)


def test_metrics_may_have_names_of_ones_own():
    final = first_validation(metrics={"share": "accuracy", "other": Accuracy()})
    assert final["validation/share"] == final["validation/other"]


def test_a_metric_object_is_given_batches_gathered(monkeypatch):
    monkeypatch.setattr(metrics, "FLUSH", 6)
    sizes = []

    class Count(Metric):
        def reset(self):
            self.count = 0

        def update(self, prediction, target):
            sizes.append(len(prediction))
            self.count += len(target)

        def compute(self):
            return self.count

    final = first_validation(train=batches(10), validate=batches(2), metrics={"count": Count()})
    assert final["validation/count"] == 10
    assert sizes == [10, 6, 4]


def test_accuracy_of_classes_and_of_two():
    accuracy = Accuracy()
    accuracy.reset()
    accuracy.update(framework.tensor([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]]), framework.tensor([1, 2]))
    accuracy.update(framework.tensor([[0.0, 0.0, 5.0]]), framework.tensor([2]))
    assert accuracy.compute() == pytest.approx(2 / 3)
    accuracy.reset()
    accuracy.update(framework.tensor([[1.0], [-1.0], [2.0], [-2.0]]), framework.tensor([1.0, 0.0, 0.0, 1.0]))
    assert accuracy.compute() == 0.5


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(UserError) as caught:
        Accuracy().each(framework.zeros(3, 1), framework.zeros(2))
    assert str(caught.value) == ("accuracy: predictions of shape (3, 1) do not fit targets of shape (2,).")
    with pytest.raises(UserError, match=r"accuracy: predictions of shape \(2, 3\) do not fit targets of shape \(1,\)"):
        Accuracy().each(framework.zeros(2, 3), framework.zeros(1))


def test_other_numbers_of_a_step_are_averaged_over_the_split():
    def step(model, batch):
        x, y = batch
        prediction = model(x)
        loss = nn.functional.mse_loss(prediction, y)
        return {"loss": loss, "prediction": prediction, "target": y, "mean_input": x.mean()}

    final = first_validation(step=step, train=batches(3), validate=batches(4), metrics=["mae"])
    assert final["train/mean_input"] == pytest.approx(0.45)
    assert final["validation/mean_input"] == pytest.approx(0.45)


def test_a_step_says_what_its_loss_is_a_mean_over():
    weights = [1.0, 3.0]

    def step(model, batch):
        return {"loss": model(framework.zeros(1, 1)).sum() * 0 + batch, "count": weights[int(batch)]}

    final = first_validation(step=step, train=[0.0, 1.0], validate=None)
    assert final["train/loss"] == pytest.approx(0.75)


def test_what_cannot_be_a_metric():
    with pytest.raises(UserError) as caught:
        named_metrics({"odd": 3}, {})
    assert str(caught.value) == ("The metric 'odd' must be a name, a function (prediction, target) or a Metric, not 3.")
    with pytest.raises(UserError) as caught:
        first_validation(metrics={"text": lambda prediction, target: "high"})
    assert str(caught.value) == "The metric 'text' must return a number, not 'high'."
    with pytest.raises(UserError) as caught:
        first_validation(metrics={"loss": "accuracy"})
    assert str(caught.value) == "No metric can be called 'loss': that is the loss itself."


def test_ignored_targets_are_no_samples():
    logits = framework.tensor([[1.0, 2.0], [3.0, 0.0], [3.0, 0.0]])
    accuracy = Accuracy()
    accuracy.reset()
    accuracy.update(logits, framework.tensor([1, -100, 1]))
    assert accuracy.compute() == 0.5
    accuracy.reset()
    accuracy.update(logits, framework.tensor([-100, -100, -100]))
    assert math.isnan(accuracy.compute())


def test_names_of_metrics():
    class Own(Metric):
        def __init__(self, name=None):
            self.name = name

        def reset(self): ...
        def update(self, prediction, target): ...
        def compute(self): ...

    def spread(prediction, target): ...

    given = [
        "accuracy",
        metrics.MeanAbsoluteError,
        metrics.RootMeanSquaredError(),
        Own(),
        partial(Own, "other"),
        spread,
    ]
    made = named_metrics(given, {"accuracy": Accuracy})
    assert list(made) == ["accuracy", "mae", "rmse", "Own", "other", "spread"]
    assert all(isinstance(each, Metric) for each in made.values())
    with pytest.raises(UserError) as caught:
        named_metrics(["accuracy", Accuracy()], {"accuracy": Accuracy})
    assert str(caught.value) == (
        "Recipe(metrics=[…]) has two metrics called 'accuracy'; give them names of their own: "
        "metrics={'accuracy': …, 'accuracy_2': …}."
    )


def test_a_registered_object_is_copied():
    registered = Accuracy()
    assert named_metrics(["accuracy"], {"accuracy": registered})["accuracy"] is not registered


def test_batches_of_other_shapes_are_given_apart():
    class Elements(Metric):
        def reset(self):
            self.shapes = []

        def update(self, prediction, target):
            self.shapes.append((tuple(prediction.shape), tuple(target.shape)))

        def compute(self):
            return self.shapes

    def meter(metric):
        made = SplitMeter("train", {"it": metric})
        for length in (3, 3, 5, 3):
            outputs = {"loss": None, "prediction": framework.zeros(2, 7, length), "target": framework.zeros(2, length)}
            made.add(0.5, outputs, 1)
        return made

    assert meter(Elements()).result(1)["train/it"] == [
        ((4, 7, 3), (4, 3)),
        ((2, 7, 5), (2, 5)),
        ((2, 7, 3), (2, 3)),
    ]
    with pytest.raises(
        UserError, match=r"'it' is a function .* samples of shapes \[\(7, 3\), \(7, 5\)\]: pad them, or"
    ):
        meter(WholeSplit("it", lambda prediction, target: 0.0)).result(1)


def test_gathering_keeps_float64_sums():
    meter = SplitMeter("train", {})
    for _ in range(1000):
        meter.add(0.1, {"loss": None, "prediction": None, "target": None}, 7)
    assert meter.result(1)["train/loss"] == pytest.approx(0.1, rel=1e-12)
    assert np.isfinite(meter.count)


class Kinds(Metric):
    """A person's own, with attributes of every kind, and none of `state_dict`."""

    def __init__(self):
        self.scale = math.sqrt
        self.inner = Accuracy()

    def reset(self):
        self.sum, self.array, self.tensor = 0.1, np.zeros((2, 3), np.float32).T, framework.zeros(2)
        self.seen, self.counts, self.latest = set(), Counter(), deque(maxlen=3)
        self.by_class, self.ordered = defaultdict(list), OrderedDict()
        self.pair, self.inside, self.missing = (0, None), {1: [0.0], "nan": math.nan}, None
        self.inner.reset()

    def update(self, prediction, target):
        number = prediction.sum().item()
        self.sum += number / 3
        self.array[:] += prediction.numpy().mean()
        self.tensor += target.sum()
        self.seen.add(round(number, 3))
        self.counts[len(prediction)] += 1
        self.latest.append(number)
        self.by_class[int(number)].append(prediction.numpy()[0])
        self.ordered[number] = True
        self.pair = (self.pair[0] + 1, number)
        self.inside[1].append(np.float32(number))
        self.later = target.numpy().sum()  # made here first
        self.inner.update(prediction, target)

    def compute(self):
        held = {name: value for name, value in vars(self).items() if name not in ("inner", "scale", "seen")}
        return repr(held) + repr(sorted(self.seen)) + str(self.scale(4.0)) + str(self.inner.compute())


def middle(prediction, target):
    return (prediction - target).median()


def fresh() -> SplitMeter:
    return SplitMeter(
        "train", named_metrics({"own": Kinds(), "middle": middle, "rmse": metrics.RootMeanSquaredError}, {})
    )


def add(meter: SplitMeter, number: int) -> None:
    prediction = framework.arange(4.0).reshape(4, 1).sin() * (number + 1) / 7
    outputs = {"loss": None, "prediction": prediction, "target": (prediction > 0.1).float(), "norm": number / 3}
    meter.add(0.1 * number, outputs, 3)


@pytest.mark.parametrize("flush", [1, 6, 2**20])
@pytest.mark.parametrize("cut", range(7))
def test_a_split_cut_at_any_batch_goes_on_to_the_bit(monkeypatch, cut, flush):
    monkeypatch.setattr(metrics, "FLUSH", flush)
    whole, first, second = fresh(), fresh(), fresh()
    for number in range(6):
        add(whole, number)
    for number in range(cut):
        add(first, number)
    state = first.state_dict()
    second.load_state_dict(state)
    for meter in (first, second):  # the one goes on as if nothing had been, and does not reach into the other
        for number in range(cut, 6):
            add(meter, number)
        assert repr(meter.result(1)) == repr(whole.result(1))
    third = fresh()
    third.load_state_dict(state)
    for number in range(cut, 6):
        add(third, number)
    assert repr(third.result(1)) == repr(whole.result(1))


def test_a_state_is_a_tree_of_what_a_checkpoint_can_hold():
    meter = fresh()
    add(meter, 1)
    meter._flush()
    leaves = type(None), bool, int, float, str, np.ndarray, np.float32, framework.Tensor

    def check(tree):
        if type(tree) in (dict, Counter, OrderedDict):
            check(list(tree) + list(tree.values()))
        elif type(tree) in (list, tuple, set, frozenset, deque):
            for each in tree:
                check(each)
        else:
            assert type(tree) in leaves, tree

    check(meter.state_dict())
    check(fresh().state_dict())


def test_a_generator_goes_on_where_it_was():
    class Sampled(Accuracy):
        def __init__(self):
            self.generators = [random.Random(0), np.random.default_rng(0), np.random.RandomState(0)]
            self.own = framework.Generator().manual_seed(0)

        def draw(self):
            python, new, old = self.generators
            return python.random(), new.random(), old.rand(), framework.rand(1, generator=self.own).item()

    one, other = Sampled(), Sampled()
    one.draw()
    state = one.state_dict()
    drawn = one.draw()
    other.load_state_dict(state)
    assert other.draw() == drawn != Sampled().draw()


def test_what_a_defaultdict_makes():
    one, other = Accuracy(), Accuracy()
    one.first = defaultdict(lambda: 7, a=1)
    one.second = [defaultdict(int, b=2)]
    state = one.state_dict()
    other.first = defaultdict(lambda: 8)  # as the recipe makes it now
    other.load_state_dict(state)
    assert (other.first["a"], other.first["x"], other.second[0]["b"], other.second[0]["y"]) == (1, 8, 2, 0)
    with pytest.raises(UserError, match="cannot be made again: what makes its values, '<lambda>', is not known"):
        Accuracy().load_state_dict(state)


def test_a_state_keeps_the_order_in_memory():
    one, other = Accuracy(), Accuracy()
    one.array = np.arange(6.0).reshape(2, 3).T
    one.tensor = framework.arange(6.0).reshape(2, 3).T
    other.load_state_dict(one.state_dict())
    assert other.array.strides == one.array.strides and other.tensor.stride() == one.tensor.stride()
    assert other.array is not one.array


def test_attributes_in_slots_are_kept_too():
    class Slots(Accuracy):
        __slots__ = ("extra",)

    one, other = Slots(), Slots()
    one.reset()
    one.extra = 3
    other.load_state_dict(one.state_dict())
    assert (other.extra, other.total) == (3, 0.0)


@pytest.mark.parametrize(
    "value, place",
    [
        (random.SystemRandom(), "its thing is of type SystemRandom"),
        ([1, {"a": object()}], "its thing[1]['a'] is of type object"),
        (np.array([None]), "its thing is of type ndarray"),
        ({object(): 2}, "a key of its thing is of type object"),
    ],
)
def test_what_cannot_be_kept_is_named(value, place):
    accuracy = Accuracy()
    accuracy.thing = value
    with pytest.raises(UserError, match=re.escape(f"The metric 'accuracy' cannot be kept in a checkpoint: {place}")):
        accuracy.state_dict()


def test_a_state_of_other_metrics_is_refused():
    state = SplitMeter("train", {"accuracy": Accuracy()}).state_dict()
    with pytest.raises(UserError) as caught:
        SplitMeter("train", {}).load_state_dict(state)
    assert str(caught.value) == (
        "The pass over the train data was begun with the metrics accuracy, and cannot be ended with (none): "
        "take a checkpoint from the end of an epoch."
    )
