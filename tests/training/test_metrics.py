"""Metrics are those of the whole split, exactly, however it is cut into batches."""

from __future__ import annotations

import math

import numpy as np
import pytest

import framework
from framework import nn
from framework.errors import UserError
from framework.training import metrics
from framework.training.metrics import Accuracy, Metric, SplitMeter, named_metrics
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


def test_gathering_keeps_float64_sums():
    meter = SplitMeter("train", {})
    for _ in range(1000):
        meter.add(0.1, {"loss": None, "prediction": None, "target": None}, 7)
    assert meter.result(1)["train/loss"] == pytest.approx(0.1, rel=1e-12)
    assert np.isfinite(meter.count)
