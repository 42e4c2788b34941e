"""Code written for several devices, processes and graphs runs as one process on the CPU, or is told why not."""

import importlib
import os
from collections import OrderedDict, namedtuple

import pytest

import framework as torch
from framework import distributed, hub, multiprocessing
from framework.utils import _pytree as pytree


@pytest.mark.parametrize("name", ["cpu", "cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"])
def test_each_backend_can_be_imported_by_its_path(name):
    assert importlib.import_module(f"framework.backends.{name}") is getattr(torch.backends, name)


def test_switches_of_attention_are_kept():
    backend = torch.backends.cuda
    with backend.sdp_kernel(enable_flash=False, enable_math=True, enable_mem_efficient=False):
        assert not backend.flash_sdp_enabled() and backend.math_sdp_enabled()
    assert backend.flash_sdp_enabled()
    backend.enable_flash_sdp(False)
    assert not backend.flash_sdp_enabled()
    backend.enable_flash_sdp(True)
    from framework.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel([SDPBackend.MATH]), pytest.raises(AssertionError, match="got tuple"), sdpa_kernel((0,)):
        pass


def test_script_gives_what_it_was_given():
    @torch.jit.script
    def swish(x):
        return x * torch.sigmoid(x)

    model = torch.nn.Linear(2, 2)
    assert importlib.import_module("framework.jit.annotations").List[int].__origin__ is list
    assert swish(torch.zeros(1)).item() == 0 and torch.jit.script(model) is model
    assert torch.fx.wrap("len") == "len" and torch.fx.wrap(len) is len
    with pytest.raises(NotImplementedError, match=r"framework\.compile"):
        torch.fx.symbolic_trace(model)


def test_a_model_on_several_devices_is_the_model_under_another_name():
    inner = torch.nn.Linear(2, 3)
    model = torch.nn.DataParallel(inner, device_ids=[0, 1])
    assert list(model.state_dict()) == ["module.weight", "module.bias"] and model.device_ids == []
    x = torch.ones(4, 2)
    assert torch.equal(model(x), inner(x)) and torch.equal(torch.nn.parallel.data_parallel(inner, x), inner(x))
    assert not isinstance(model, torch.nn.parallel.DistributedDataParallel)
    with pytest.raises(ValueError, match="process group has not been initialized"):
        torch.nn.parallel.DistributedDataParallel(inner)


def test_the_compiled_part_has_nothing():
    assert not hasattr(torch._C, "_CudaDeviceProperties") and torch._C._log_api_usage_once("models.resnet") is None


def test_there_are_no_states_of_other_devices():
    assert torch.utils.checkpoint.get_device_states(torch.ones(1)) == ([], [])
    torch.utils.checkpoint.set_device_states([], [])


def test_losses_of_ones_own_read_the_reduction():
    reduction = importlib.import_module("framework.nn._reduction")
    assert [reduction.get_enum(name) for name in ("none", "mean", "sum")] == [0, 1, 2]
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert reduction.legacy_get_string(False, None) == "sum"
    assert reduction.legacy_get_enum(None, False, emit_warning=False) == 0


def test_there_is_no_process_group():
    assert not (distributed.is_available() or distributed.is_initialized() or distributed.is_nccl_available())
    for call in (distributed.get_rank, distributed.get_world_size, distributed.barrier):
        with pytest.raises(ValueError, match="Default process group has not been initialized"):
            call()
    with pytest.raises(RuntimeError, match="there is one process"):
        distributed.init_process_group("gloo", rank=0, world_size=1)
    assert distributed.ReduceOp.SUM in distributed.ReduceOp and distributed.group.WORLD is None


def _write(index, folder, fail):
    if index == fail:
        raise ValueError("no luck")
    (folder / str(index)).write_text(str(torch.ones(2).sum().item()))


def test_processes_are_started_and_their_errors_raised(tmp_path):
    multiprocessing.start_processes(_write, (tmp_path, None), nprocs=2, start_method="spawn")
    assert sorted(os.listdir(tmp_path)) == ["0", "1"] and (tmp_path / "1").read_text() == "2.0"
    with pytest.raises(multiprocessing.ProcessRaisedException, match="no luck") as caught:
        multiprocessing.start_processes(_write, (tmp_path, 1), nprocs=2, start_method="spawn")
    assert caught.value.error_index == 1
    started = multiprocessing.start_processes(_write, (tmp_path, None), nprocs=1, join=False)
    started.processes[0].join()
    assert started.join() is True
    assert multiprocessing.cpu_count() >= 1 and "file_system" in multiprocessing.get_all_sharing_strategies()
    with pytest.raises(AssertionError, match="Invalid sharing strategy"):
        multiprocessing.set_sharing_strategy("post")


def test_weights_from_an_address_are_kept(tmp_path, monkeypatch):
    torch.save({"w": torch.arange(3)}, tmp_path / "there-00.pt")
    address = (tmp_path / "there-00.pt").as_uri()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert hub.get_dir() == str(tmp_path / "hub")
    load = importlib.import_module("framework.utils.model_zoo").load_url
    with pytest.raises(RuntimeError, match="invalid hash value"):
        load(address, check_hash=True)
    assert os.listdir(tmp_path / "hub" / "checkpoints") == []
    assert load(address)["w"].tolist() == [0, 1, 2]
    (tmp_path / "there-00.pt").unlink()
    assert load(address)["w"].tolist() == [0, 1, 2]
    with pytest.raises(NotImplementedError, match="run code from an address"):
        hub.load("pytorch/vision", "resnet18")


def test_nests():
    Pair = namedtuple("Pair", "a b")
    tree = {"b": [1, (2, None)], "a": Pair(3, OrderedDict(z=4))}
    leaves, form = pytree.tree_flatten(tree)
    assert leaves == [1, 2, None, 3, 4] and pytree.tree_unflatten(leaves, form) == tree
    assert pytree.tree_map(lambda a, b: a + b, [1, (2,)], [3, (4,)]) == [4, (6,)]
    assert pytree.tree_map(lambda a, b: (a, b), [1, 2], [3, (4, 5)]) == [(1, 3), (2, (4, 5))]
    assert pytree.tree_map_only(int, lambda x: x + 1, [1, "a"]) == [2, "a"]
    assert pytree.tree_leaves([1, (2, 3)], is_leaf=lambda x: isinstance(x, tuple)) == [1, (2, 3)]
    assert pytree.tree_any(bool, [1, 0]) and not pytree.tree_all(bool, [1, 0])
    with pytest.raises(ValueError, match="has length 1 but the spec refers to a pytree that holds 5 items"):
        pytree.tree_unflatten([1], form)
    with pytest.raises(ValueError, match="Node arity mismatch; expected 2, but got 1"):
        pytree.tree_map(lambda a, b: a, [1, 2], [3])


def test_code_that_catches_a_lack_of_memory_runs():
    assert torch.OutOfMemoryError is torch.cuda.OutOfMemoryError
    assert issubclass(torch.OutOfMemoryError, RuntimeError)
