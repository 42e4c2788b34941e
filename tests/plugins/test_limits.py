"""Training on little of the data: which batches it is, and that nothing is left of a trial."""

from __future__ import annotations

from pathlib import Path

import pytest

import framework
from framework.data import DataLoader, TensorDataset
from framework.data.first import FirstBatches
from framework.extend import UserError, hookimpl
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins.accumulation import Accumulate
from framework_plugins.limits import FastDevRun, Limit, Overfit, make_plugins
from framework_plugins.schedules import Schedule
from tests.tiny import tiny


class Seen:
    """The first number of each batch, epoch by epoch, of training and of validation."""

    def __init__(self):
        self.train, self.validation = [], []

    @hookimpl
    def epoch_start(self, trainer):
        self.train.append([])

    @hookimpl
    def batch_start(self, trainer, batch):
        self.train[-1].append(batch[0].ravel().tolist())

    @hookimpl(wrapper=True)
    def validate(self, trainer):
        for data in trainer.parts.validation.values():
            self.validation.append([batch[0].ravel().tolist() for batch in data])
        return (yield)


def numbered(count, **options):
    x = framework.arange(float(count)).reshape(-1, 1) / count
    return DataLoader(TensorDataset(x, x), 2, **options)


def seen(plugin, *plugins, **changes):
    noted = Seen()
    parts = {"train": numbered(10, shuffle=True), "validate": numbered(8), "epochs": 3, **changes}
    trainer = Trainer(tiny(**parts), plugins=[plugin, *plugins, noted])
    trainer.fit()
    return trainer, noted


def test_some_batches_of_each():
    trainer, noted = seen(Limit(3))
    assert (trainer.batches, trainer.step) == (3, 9)
    assert [len(epoch) for epoch in noted.train] == [3, 3, 3] and noted.train[0] != noted.train[1]
    assert [len(epoch) for epoch in noted.validation] == [3, 3, 3]
    assert noted.validation[0] == [[0, 0.125], [0.25, 0.375], [0.5, 0.625]]


def test_a_part_of_each():
    _, noted = seen(Limit(0.5))
    assert (len(noted.train[0]), len(noted.validation[0])) == (2, 2)
    _, noted = seen(Limit(0.01))
    assert (len(noted.train[0]), len(noted.validation[0])) == (1, 1)


def test_more_than_there_is():
    _, noted = seen(Limit(100))
    assert (len(noted.train[0]), len(noted.validation[0])) == (5, 4)


def test_a_stream_that_never_ends():
    class Endless:
        def __iter__(self):
            while True:
                yield framework.ones(2, 1), framework.ones(2, 1)

    trainer, noted = seen(Limit(3), train=Endless())
    assert trainer.batches is None and [len(epoch) for epoch in noted.train] == [3, 3, 3]
    with pytest.raises(UserError, match=r"train data has no length to take a part of \(0.5\): give a number"):
        seen(Limit(0.5), train=Endless())


def test_the_first_batches_in_the_order_of_the_dataset():
    trainer, noted = seen(Overfit(2))
    assert noted.train == [[[0, pytest.approx(0.1)], [pytest.approx(0.2), pytest.approx(0.3)]]] * 3
    assert noted.validation == noted.train and trainer.batches == 2


def test_a_sampler_of_ones_own_gives_its_own_order():
    _, noted = seen(Overfit(2), train=numbered(10, sampler=[9, 8, 7, 6, 5]))
    assert noted.train[0] == [[pytest.approx(0.9), pytest.approx(0.8)], [pytest.approx(0.7), pytest.approx(0.6)]]


def test_batches_that_would_be_others_each_time_stay_the_same():
    class Noisy:
        def __iter__(self):
            return iter([(framework.randn(2, 1), framework.ones(2, 1)) for _ in range(4)])

    _, noted = seen(Overfit(2), train=Noisy(), validate={"one": numbered(4), "two": numbered(4)})
    assert noted.train[0] == noted.train[1] == noted.train[2] == noted.validation[0] == noted.validation[1]


def test_a_fast_run():
    trainer, noted = seen(FastDevRun(), Accumulate(4), Schedule("cosine", "500steps"))
    assert (trainer.epoch, trainer.step, trainer.trial) == (1, 1, True)
    assert (len(noted.train[0]), len(noted.validation[0])) == (1, 1)
    assert trainer.history.notes == ["fast development run: one batch of each, one epoch, nothing kept"]


def test_a_fast_run_keeps_no_run(tmp_path: Path):
    trainer = Trainer(tiny(), plugins=[FastDevRun()])
    trainer.run = Run.create(tiny(), out=tmp_path / "run")
    with pytest.raises(UserError, match="it takes no Run"):
        trainer.fit()


@pytest.mark.parametrize("batches", [0, -1, True, 1.5, 0.0, "3"])
def test_wrong_numbers(batches):
    with pytest.raises(UserError, match="limited to a number of batches, such as --limit 100, or to a part"):
        Limit(batches)
    with pytest.raises(UserError, match="overfits a number of batches, 1 or more, such as --overfit 4, not"):
        Overfit(batches)


def test_the_options():
    none = {"fast_dev_run": None, "overfit": None, "limit": None}
    assert make_plugins(none) is None
    assert type(make_plugins({**none, "fast_dev_run": True})) is FastDevRun
    assert make_plugins({**none, "overfit": 2}).batches == 2
    limit = make_plugins({**none, "limit": 3.0}).batches
    assert limit == 3 and type(limit) is int and make_plugins({**none, "limit": 0.25}).batches == 0.25
    with pytest.raises(UserError, match="Choose one of --fast-dev-run, --overfit and --limit"):
        make_plugins({**none, "limit": 3.0, "overfit": 1})


def test_first_batches_are_the_data_otherwise():
    loader = numbered(10, shuffle=True)
    first = FirstBatches(loader, 3)
    assert len(first) == 3 and len(FirstBatches(loader, 9)) == 5 and first.num_workers == 0
    assert first.dataset is loader.dataset and not hasattr(first, "state_dict")
    one, other = iter(first), iter(FirstBatches([1, 2, 3], 2))
    one.skip(2)
    assert len(list(one)) == 1 and list(other) == [1, 2] and not hasattr(other, "skip")
    with pytest.raises(StopIteration):
        iter(first).skip(4)
    with pytest.raises(TypeError):
        len(FirstBatches(iter([]), 3))
    with pytest.raises(AttributeError):
        first.nothing  # noqa: B018
