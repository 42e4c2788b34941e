"""Workers of a DataLoader: what they send arrives whole, and whatever happens, none is left."""

import functools
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import framework
from framework import nn
from framework.data import DataLoader, Dataset, TensorDataset, get_worker_info
from tests.data.samples import Sleepy, Wide, transposed

METHODS = [
    {"multiprocessing_context": method}
    for method in multiprocessing.get_all_start_methods()
    if method != "forkserver"  # whose server stays
] + [{"worker_method": "thread"}]

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    # Python 3.12 on: NumPy's linear algebra has threads. They are not used in a worker.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
forks = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="nothing forks here")
Forked = functools.partial(DataLoader, multiprocessing_context="fork")


def is_gone(pid):
    """Whether a process has ended; it may be a zombie whose parent is another process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def waited_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.fixture(autouse=True)
def nothing_is_left():
    files = Path("/proc/self/fd")
    gc.collect()
    before = len(list(files.iterdir())) if files.exists() else 0
    yield
    gc.collect()
    assert not multiprocessing.active_children()
    assert waited_for(lambda: not [each for each in threading.enumerate() if each.name.startswith("DataLoader")])
    # The tracker of a spawned process's resources stays.
    assert not files.exists() or len(list(files.iterdir())) <= before + 1


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_batch_arrives_as_it_was_made(method):
    expected = list(DataLoader(Wide(), 4))
    for batch, own in zip(DataLoader(Wide(), 4, num_workers=1, **method), expected, strict=True):
        assert batch.keys() == own.keys()
        for name, tensor in batch.items():
            assert tensor.dtype == own[name].dtype and framework.equal(tensor, own[name]), name
            # It is the loader's alone.
            tensor.fill_(1)


@forks
def test_a_batch_keeps_its_layout_and_outlives_its_worker():
    batches = list(Forked(Wide(), 3, collate_fn=transposed, num_workers=1))
    own = list(DataLoader(Wide(), 3, collate_fn=transposed))
    gc.collect()
    assert [b.stride() for b in batches] == [b.stride() for b in own] and not batches[0].is_contiguous()
    assert all(framework.equal(a, b) for a, b in zip(batches, own, strict=True))


@forks
def test_where_memory_cannot_be_shared_all_goes_through_the_socket(monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    for batch, own in zip(Forked(Wide(), 4, num_workers=1), DataLoader(Wide(), 4), strict=True):
        assert all(framework.equal(batch[name], own[name]) for name in own)


@forks
@pytest.mark.parametrize("persistent", [False, True])
def test_workers_end_with_a_pass_that_is_broken_off(persistent):
    loader = Forked(Wide(), 1, num_workers=2, persistent_workers=persistent)
    for _batch in loader:
        break
    assert len(multiprocessing.active_children()) == 2 * persistent
    iterator = iter(loader)
    next(iterator)
    assert len(multiprocessing.active_children()) == 2
    del iterator, loader
    assert not multiprocessing.active_children()


@forks
def test_workers_end_with_an_exception_and_in_a_cycle():
    def use():
        iterator = iter(Forked(Sleepy(), num_workers=1))
        held = [iterator]
        held.append(held)
        raise ValueError(next(iterator))

    with pytest.raises(ValueError):
        use()
    gc.collect()
    assert not multiprocessing.active_children()


@forks
def test_workers_end_at_the_end_of_a_pass_and_next_says_so_again():
    iterator = iter(Forked(Sleepy(), 4, num_workers=2))
    assert [batch.tolist() for batch in iterator] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert not multiprocessing.active_children()
    assert list(iterator) == []


@forks
def test_a_worker_that_dies_is_missed_at_once():
    # A worker is given its second batch when its first has come.
    iterator = iter(Forked(Sleepy(die_at=4), 2, num_workers=2, prefetch_factor=1))
    assert next(iterator).tolist() == [0, 1]
    assert next(iterator).tolist() == [2, 3]
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: exit code 3"):
        next(iterator)
    assert not multiprocessing.active_children() and list(iterator) == []


@forks
def test_a_killed_worker_is_missed_and_its_signal_named():
    iterator = iter(Forked(Sleepy(0.2), num_workers=1))
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly: killed by SIGKILL"):
        list(iterator)


@pytest.mark.parametrize("method", [{"multiprocessing_context": "fork"}, {"worker_method": "thread"}], ids=str)
@forks
def test_a_batch_is_waited_for_no_longer_than_timeout(method):
    iterator = iter(DataLoader(Sleepy(0.3), num_workers=1, timeout=0.05, **method))
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.05 seconds"):
        next(iterator)


class Odd(Dataset):
    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return self.make()


@forks
def test_what_cannot_be_pickled_is_an_error_that_says_so():
    with pytest.raises(Exception, match=r"in DataLoader worker process 0\.\n(.|\n)*[Pp]ickle"):
        next(iter(Forked(Odd(lambda: lambda: 3), batch_size=None, num_workers=1)))

    class Local(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    def fail():
        raise Local("first", 2)

    for method in ({"multiprocessing_context": "fork"}, {"worker_method": "thread"}):
        iterator = iter(DataLoader(Odd(fail), num_workers=1, **method))
        for _ in range(2):
            with pytest.raises(RuntimeError, match=r"Caught \w+ in DataLoader worker \w+ 0\.\n(.|\n)*Local: first"):
                next(iterator)


def test_a_dataset_that_cannot_be_sent_is_refused_with_what_to_do():
    with pytest.raises(Exception, match=r"'spawn' gets the dataset(.|\n)*top of a module"):
        iter(DataLoader(Odd(lambda: 3), num_workers=2, multiprocessing_context="spawn"))


@pytest.mark.parametrize("method", [{"multiprocessing_context": "fork"}, {"worker_method": "thread"}], ids=str)
@forks
def test_out_of_order_each_batch_comes_once(method):
    loader = DataLoader(Sleepy(), 2, num_workers=3, in_order=False, **method)
    for _ in range(2):
        assert sorted(batch.tolist() for batch in loader) == [[0, 1], [2, 3], [4, 5], [6, 7]]


@pytest.mark.parametrize("skipped", [0, 1, 3, 5, 9])
@pytest.mark.parametrize("method", [{"multiprocessing_context": "fork"}, {"worker_method": "thread"}], ids=str)
@forks
def test_skip_passes_over_batches_and_draws_the_same(method, skipped):
    class Who(Dataset):
        def __len__(self):
            return 10

        def __getitem__(self, i):
            return i, get_worker_info().id

    framework.manual_seed(1)
    loader = DataLoader(Who(), shuffle=True, num_workers=2, prefetch_factor=1, **method)
    whole = [(sample.item(), worker.item()) for sample, worker in loader]
    framework.manual_seed(1)
    iterator = iter(loader)
    iterator.skip(skipped)
    assert [(sample.item(), worker.item()) for sample, worker in iterator] == whole[skipped:]
    with pytest.raises(StopIteration):
        iterator.skip(1)


@forks
def test_persistent_workers_are_the_same_and_go_on_with_their_random_numbers():
    class Pids(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return os.getpid(), framework.rand(1).item()

    loader = Forked(Pids(), num_workers=2, persistent_workers=True)
    passes = [[(int(pid), number.item()) for pid, number in loader] for _ in range(3)]
    assert len({pid for each in passes for pid, _ in each}) == 2
    assert len({number for each in passes for _, number in each}) == 12


def test_a_thread_has_generators_of_its_own():
    class Drawn(Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            info = get_worker_info()
            assert info.worker_method == "thread" and info.num_workers == 2 and info.dataset is self
            rng = info.rng
            return (
                info.id,
                framework.rand(1, generator=rng.torch_generator),
                rng.numpy_generator.random(),
                rng.random_generator.random(),
            )

    results = []
    for _ in range(2):
        framework.manual_seed(3)
        loader = DataLoader(Drawn(), num_workers=2, worker_method="thread")
        results.append([[value.item() for value in batch] for batch in loader])
    assert results[0] == results[1] and [row[0] for row in results[0]] == [0, 1, 0, 1, 0, 1]
    assert len({row[1] for row in results[0]}) == 6
    assert get_worker_info() is None


@forks
def test_a_compiled_step_takes_batches_of_workers():
    def losses(**options):
        framework.manual_seed(0)
        x = framework.randn(96, 300)
        data = TensorDataset(x, x.sum(1, keepdim=True))
        model = nn.Linear(300, 1)

        @framework.compile(fullgraph=True)
        def step(x, y):
            return (model(x) - y).square().mean()

        return [step(x, y).item() for x, y in DataLoader(data, 64, shuffle=True, **options) for _ in range(3)]

    assert losses() == losses(num_workers=1, multiprocessing_context="fork")


SCRIPT = """
import os, signal, sys, time, warnings
warnings.simplefilter("ignore")
import framework
from framework.data import DataLoader
from tests.data.samples import Sleepy
import multiprocessing
loader = DataLoader(Sleepy({seconds}), num_workers=2, multiprocessing_context="fork", persistent_workers=True)
iterator = iter(loader)
next(iterator)
print(*(each.pid for each in multiprocessing.active_children()), flush=True)
{end}
"""


def started(end, seconds=0.01):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(end=end, seconds=seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


@forks
@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", ""])
def test_workers_end_with_the_process_that_started_them(end):
    process, workers = started(end)
    process.communicate(timeout=30)
    assert len(workers) == 2 and waited_for(lambda: all(map(is_gone, workers)))


@forks
def test_ctrl_c_is_for_the_process_that_has_the_loader():
    process, workers = started("while True: next(iterator, None) or (iterator := iter(loader)); time.sleep(0.001)")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT and errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert waited_for(lambda: all(map(is_gone, workers)))


def test_a_thread_that_is_to_exit_says_so():
    class Leaving(Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, i):
            if i == 5:
                sys.exit("enough")
            return i

    with pytest.raises(SystemExit, match="Caught SystemExit in DataLoader worker thread"):
        list(DataLoader(Leaving(), 2, num_workers=2, worker_method="thread"))


def test_python_ends_with_workers_in_the_midst_of_a_pass():
    """Whatever was to be cleaned up was registered first: what is registered later is done before it."""
    code = """
import tempfile
folder = tempfile.TemporaryDirectory()
import framework
from framework.data import DataLoader, TensorDataset
batches = iter(DataLoader(TensorDataset(framework.zeros(100, 3)), 4, num_workers=2))
next(batches)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=20).returncode == 0
