"""DataLoader: whole batches at once, and passing over some of them."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import framework
from framework.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
    random_split,
)


class Counted(TensorDataset):
    """Counts how its rows are read."""

    def __init__(self, *tensors):
        super().__init__(*tensors)
        self.batches = 0

    def batch(self, indices):
        self.batches += 1
        return super().batch(indices)


def tensors(n=23):
    generator = np.random.default_rng(0)
    return [
        framework.tensor(generator.normal(size=(n, 3, 2)).astype(np.float32)),
        framework.arange(n),
        framework.tensor(generator.normal(size=(n, 4))).t().contiguous().t(),
        framework.tensor(generator.integers(0, 2, n) == 1),
    ]


def listed(batches):
    return [[(str(t.dtype), t.tolist()) for t in batch] for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_gathered_batch_equals_a_collated_one(depth, shuffle, drop_last) -> None:
    dataset = Counted(*tensors())
    wrapped = dataset
    for _ in range(depth):
        wrapped = Subset(wrapped, list(range(len(wrapped) - 1, 0, -2)) + [1, 1])
    results = []
    for collate in (None, lambda samples: default_collate(samples)):
        framework.manual_seed(8)
        loader = DataLoader(wrapped, 4, shuffle=shuffle, drop_last=drop_last, collate_fn=collate)
        results.append((listed(loader), listed(loader), framework.rand(3).tolist()))
    assert results[0] == results[1]
    assert dataset.batches == 2 * len(loader)


def test_a_batch_owns_its_memory() -> None:
    x = framework.arange(6.0)
    for shuffle in (False, True):
        (batch,) = next(iter(DataLoader(TensorDataset(x), 6, shuffle=shuffle)))
        batch[0] = 100
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_of_a_tensor_that_requires_grad_are_recorded() -> None:
    x = framework.ones(4, 2, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), 3):
        (batch * batch.shape[0]).sum().backward()
    assert x.grad.tolist() == [[3, 3], [3, 3], [3, 3], [1, 1]]
    with framework.no_grad():
        assert not next(iter(DataLoader(TensorDataset(x), 3)))[0].requires_grad


class Own(Dataset):
    def __len__(self):
        return 11

    def __getitem__(self, index):
        return index


@pytest.mark.parametrize("dataset", [Own(), TensorDataset(framework.arange(11))])
@pytest.mark.parametrize("skipped", [0, 1, 3, 4])
def test_skip_passes_over_batches_and_draws_the_same(dataset, skipped) -> None:
    framework.manual_seed(1)
    loader = DataLoader(dataset, 3, shuffle=True)
    whole = [list(batch) for batch in loader]
    after = framework.rand(1).item()
    framework.manual_seed(1)
    iterator = iter(loader)
    iterator.skip(skipped)
    assert str([list(batch) for batch in iterator]) == str(whole[skipped:])
    assert framework.rand(1).item() == after


def test_skip_reads_no_sample() -> None:
    class Unread(Own):
        def __getitem__(self, index):
            raise AssertionError

    iterator = iter(DataLoader(Unread(), 3))
    iterator.skip(4)
    with pytest.raises(StopIteration):
        next(iterator)
    with pytest.raises(StopIteration):
        iterator.skip(1)


def test_two_passes_at_once_do_not_disturb_each_other() -> None:
    framework.manual_seed(3)
    loader = DataLoader(TensorDataset(framework.arange(6)), 2, shuffle=True)
    first, second = iter(loader), iter(loader)
    pairs = [(next(first)[0].tolist(), next(second)[0].tolist()) for _ in range(3)]
    assert sorted(sum((a for a, _ in pairs), [])) == list(range(6))
    assert sorted(sum((b for _, b in pairs), [])) == list(range(6))


def test_nothing_is_pinned_and_a_loader_says_so() -> None:
    loader = DataLoader(TensorDataset(framework.arange(3)), 2, pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found, then device pinned memory won't be used"):
        assert [batch.tolist() for (batch,) in loader] == [[0, 1], [2]]


def test_more_workers_than_processors_are_warned_of(monkeypatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    words = "will create 2 worker processes in total. Our suggested max number of worker in current system is 1, which"
    with pytest.warns(UserWarning, match=words):
        DataLoader(Own(), num_workers=2)
    DataLoader(Own(), num_workers=1)
    DataLoader(Own(), num_workers=2, worker_method="thread")
    with pytest.raises(ValueError, match="worker_method must be 'multiprocessing' or 'thread', not 'threads'"):
        DataLoader(Own(), num_workers=2, worker_method="threads")


def test_an_index_outside_a_subset_is_named_as_without_gathering() -> None:
    subset = Subset(TensorDataset(framework.arange(3)), [0, 1])
    with pytest.raises(IndexError, match="^list index out of range$"):
        list(DataLoader(subset, 2, sampler=[0, 2]))


def test_a_subset_sampler_visits_its_indices_once_in_a_seeded_order() -> None:
    sampler = SubsetRandomSampler([5, 6, 7])
    framework.manual_seed(0)
    first = list(sampler)
    framework.manual_seed(0)
    assert list(sampler) == first
    assert sorted(first) == [5, 6, 7] and len(sampler) == 3


def test_datasets_are_concatenated() -> None:
    a, b = TensorDataset(framework.arange(3)), TensorDataset(framework.arange(10, 12))
    both = a + b
    assert [int(both[i][0]) for i in range(-5, 5)] == [0, 1, 2, 10, 11] * 2
    assert [batch.tolist() for (batch,) in DataLoader(both, 2)] == [[0, 1], [2, 10], [11]]
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        both[-6]
    with pytest.raises(IndexError):
        both[5]
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        ConcatDataset([])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 32, 33])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(
    "sampler",
    [
        SequentialSampler(range(33)),
        RandomSampler(range(33)),
        RandomSampler(range(5), num_samples=33),
        RandomSampler(range(33), replacement=True, num_samples=70),
        [3, 1, 2],
    ],
)
def test_batches_as_arrays_are_the_batches(sampler, size, drop_last) -> None:
    batches = BatchSampler(sampler, size, drop_last)
    framework.manual_seed(6)
    lists = list(batches)
    after = framework.rand(1).item()
    framework.manual_seed(6)
    assert [array.tolist() for array in batches.arrays()] == lists
    assert framework.rand(1).item() == after
    assert len(lists) == len(batches)
    assert {type(index) for batch in lists for index in batch} <= {int}


def test_a_split_covers_every_sample_once() -> None:
    parts = random_split(Own(), [0.5, 0.3, 0.2], framework.Generator().manual_seed(0))
    assert sorted(index for part in parts for index in part) == list(range(11))
    assert all(type(index) is int for part in parts for index in part.indices)


def test_a_loader_is_pickled_and_freed() -> None:
    loader = DataLoader(TensorDataset(framework.arange(5)), 2)
    again = pickle.loads(pickle.dumps(loader))
    assert [b.tolist() for (b,) in again] == [[0, 1], [2, 3], [4]]
    gone = weakref.ref(loader)
    list(loader)
    gc.disable()
    try:
        del loader
        assert gone() is None
    finally:
        gc.enable()
