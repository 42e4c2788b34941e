"""What each process of a training has of a batch, without MPI."""

from __future__ import annotations

import sys
import types

import pytest

import framework
from framework.data import DataLoader, TensorDataset
from framework.errors import UserError
from framework_plugins.mpi import world
from framework_plugins.mpi.joining import join
from framework_plugins.mpi.sharding import Part, part_of
from framework_plugins.mpi.world import World


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("loader", [True, False])
def test_the_parts_of_each_batch_are_the_batch(size, loader):
    x = framework.arange(22.0).reshape(11, 2)
    whole = DataLoader(TensorDataset(x, x[:, 0]), batch_size=4, shuffle=True)

    def batches(data):
        framework.manual_seed(3)
        return list(data if loader else [*data])

    parts = [Part(rank, size) for rank in range(size)]
    taken = []
    for part in parts:
        framework.manual_seed(3)
        data = whole if loader else list(whole)
        framework.manual_seed(3)
        taken.append([(None if part.empty else batch) for batch in part_of(data, part)])
    for number, (inputs, target) in enumerate(batches(whole)):
        found = [each[number] for each in taken if each[number] is not None]
        assert framework.equal(framework.cat([each[0] for each in found]), inputs)
        assert framework.equal(framework.cat([each[1] for each in found]), target)


def test_a_loader_reads_its_own_rows_alone():
    read = []

    class Counted(framework.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            read.append(index)
            return float(index)

    data = part_of(DataLoader(Counted(), batch_size=4), Part(1, 2))
    assert [batch.tolist() for batch in data] == [[2, 3], [6, 7]] and read == [2, 3, 6, 7]
    assert len(data) == 2 and data.batch_size == 4


def test_nested_batches_and_those_that_cannot_be_cut():
    x = framework.arange(4.0)
    (batch,) = part_of([{"a": x, "b": [x, (x, "name")], "c": framework.tensor(1.0)}], Part(0, 2))
    assert batch["a"].tolist() == batch["b"][0].tolist() == batch["b"][1][0].tolist() == [0, 1]
    assert batch["b"][1][1] == "name" and batch["c"].item() == 1
    with pytest.raises(UserError, match=r"first dimension; here these are \[3, 4\]"):
        list(part_of([[x, x[:3]]], Part(0, 2)))


def test_mpi_that_is_not_there(monkeypatch):
    class Broken(types.ModuleType):
        def __getattr__(self, name):
            raise RuntimeError("cannot load MPI library")

    for module in (None, Broken("mpi4py")):
        monkeypatch.setitem(sys.modules, "mpi4py", module)
        monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
        with pytest.raises(UserError, match=r"MPI cannot be used .*pip install 'framework-train\[mpi\]'"):
            World()


def test_processes_that_do_not_know_each_other_are_refused(monkeypatch):
    """As `srun --mpi=none` starts them."""

    class Alone:
        rank, size = 0, 1

    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setattr(world, "World", Alone)
    join.cache_clear()
    with pytest.raises(UserError, match="SLURM has started 4 processes that do not know each other"):
        join()
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")
    assert join() is None
    join.cache_clear()
