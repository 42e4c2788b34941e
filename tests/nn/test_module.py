"""Module mechanics that a transcript can't show."""

import gc
import os
import pickle
import weakref

import pytest

import framework
from framework import nn


def test_a_module_is_freed_with_its_last_reference() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    net(framework.ones(1, 2)).sum().backward()
    gone = [weakref.ref(module) for module in net.modules()]
    gone += [weakref.ref(parameter) for parameter in net.parameters()]
    gc.collect()
    gc.disable()
    try:
        del net
        assert [reference() for reference in gone] == [None] * len(gone)
    finally:
        gc.enable()


def test_a_call_without_hooks_goes_straight_to_forward(monkeypatch) -> None:
    def refuse(*args):
        raise AssertionError

    monkeypatch.setattr(nn.Module, "_call_hooked", refuse)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert net(framework.ones(1, 2)).shape == (1, 3)


def test_hooks_of_one_module_leave_others_alone() -> None:
    first, second = nn.ReLU(), nn.ReLU()
    handle = first.register_forward_hook(lambda module, args, output: output + 1)
    assert first(framework.zeros(1)).item() == 1
    assert second(framework.zeros(1)).item() == 0
    assert first._hooked and not second._hooked
    handle.remove()
    assert first(framework.zeros(1)).item() == 0
    assert not first._hooked


def test_a_global_hook_reaches_modules_made_before_and_after() -> None:
    from framework.nn.module import register_module_forward_hook

    before = nn.ReLU()
    handle = register_module_forward_hook(lambda module, args, kwargs, output: output + 2, with_kwargs=True)
    try:
        assert before(framework.zeros(1)).item() == 2
        assert nn.ReLU()(framework.zeros(1)).item() == 2
    finally:
        handle.remove()
    assert before(framework.zeros(1)).item() == 0
    assert not before._hooked and not nn.Module._hooked


def test_a_global_hook_before_forward_works_alone() -> None:
    from framework.nn.module import register_module_forward_pre_hook

    handle = register_module_forward_pre_hook(lambda module, args: args[0] + 3)
    try:
        assert nn.ReLU()(framework.zeros(1)).item() == 3
    finally:
        handle.remove()
    assert nn.ReLU()(framework.zeros(1)).item() == 0


def test_a_hook_may_give_something_false() -> None:
    net = nn.ReLU()
    net.register_forward_pre_hook(lambda module, args: framework.tensor(0.0))
    net.register_forward_hook(lambda module, args, output: 0)
    output = net(framework.tensor(5.0))
    assert type(output) is int and output == 0


def test_a_deleted_buffer_leaves_no_trace() -> None:
    net = nn.Module()
    net.register_buffer("cache", framework.ones(1), persistent=False)
    del net.cache
    assert not net._buffers and not net._non_persistent_buffers_set


def test_loading_compares_shapes_and_not_sizes() -> None:
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        nn.Linear(2, 1, bias=False).load_state_dict({"weight": framework.ones(2, 1)})


def test_state_dict_keeps_the_metadata_of_each_module() -> None:
    class Versioned(nn.Linear):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            seen.append(local_metadata.get("version"))
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    seen: list[int | None] = []
    net = nn.Sequential(Versioned(1, 1))
    net.load_state_dict(net.state_dict())
    net.load_state_dict(dict(net.state_dict()))
    assert seen == [3, None]


def test_loading_writes_into_the_parameters_memory() -> None:
    net = nn.Linear(2, 2)
    array, version = net.weight._array, net.weight._version
    net.load_state_dict({"weight": framework.ones(2, 2), "bias": framework.zeros(2)})
    assert net.weight._array is array and net.weight._version > version
    assert array.tolist() == [[1, 1], [1, 1]]


def test_modules_are_pickled() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))
    net.eval()
    again = pickle.loads(pickle.dumps(net))
    assert repr(again) == repr(net) and not again.training
    assert again[0].weight.tolist() == net[0].weight.tolist()
    assert type(again[0].weight) is nn.Parameter and again[0].weight.requires_grad


def test_a_device_that_is_not_there_is_refused() -> None:
    net = nn.Linear(1, 1)
    for device in ("cuda", "cuda:0", framework.device("cpu")):
        if str(device) == "cpu":
            assert net.to(device) is net
        else:
            with pytest.raises(RuntimeError, match="not available"):
                net.to(device)
    with pytest.raises(TypeError, match="to\\(\\) takes a dtype, a device or a tensor, not float"):
        net.to(2.5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'dtpye'"):
        net.to(dtpye=framework.float64)


def test_a_parameter_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Parameter takes a tensor, not list: Parameter\("):
        nn.Parameter([1.0, 2.0])


def test_a_parameter_shares_versions_with_its_data() -> None:
    base = framework.ones(2)
    parameter = nn.Parameter(base)
    base.add_(1)
    assert parameter._version == base._version == 1


def test_a_weight_computed_by_the_user_takes_the_parameters_place() -> None:
    layer = nn.Linear(2, 1, bias=False)
    raw = nn.Parameter(framework.ones(1, 2))
    del layer.weight
    layer.raw = raw
    layer.weight = raw * 3
    layer(framework.ones(1, 2)).backward()
    assert raw.grad.tolist() == [[3, 3]]


def test_public_names_are_there() -> None:
    for room in (nn, nn.functional, nn.init, framework.optim, framework.data):
        assert len(set(room.__all__)) == len(room.__all__)
        assert all(hasattr(room, name) for name in room.__all__)


def test_a_compiled_module_runs_as_a_program_with_the_same_numbers() -> None:
    framework.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    batches = [framework.rand(5, 3) for _ in range(4)]
    expected = [net(batch).tolist() for batch in batches]
    assert net.compile() is None
    assert [net(batch).tolist() for batch in batches] == expected
    assert net._compiled_call_impl.program.source
    again = pickle.loads(pickle.dumps(net))
    assert again._compiled_call_impl is None and again(batches[0]).tolist() == expected[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_shared_memory_is_written_by_a_forked_process() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    weight = net[0].weight
    before = weight.tolist()
    assert net.share_memory() is net and net[0].weight is weight and weight.tolist() == before
    child = os.fork()
    if not child:
        with framework.no_grad():
            weight.fill_(5)
            net[1].num_batches_tracked.fill_(3)
        os._exit(0)
    os.waitpid(child, 0)
    assert weight.tolist() == [[5, 5], [5, 5]] and net[1].num_batches_tracked.item() == 3


def test_wrong_arguments_name_the_class_that_was_called() -> None:
    class Mine(nn.Conv2d):
        pass

    for kind, named in ((nn.Conv2d, "Conv2d"), (nn.ReLU6, "ReLU6"), (nn.AvgPool3d, "AvgPool3d"), (Mine, "Conv2d")):
        with pytest.raises(TypeError, match=rf"\b{named}\.__init__\(\)"):
            kind(wrong=1)


def test_the_gradient_of_cross_map_lrn_is_that_of_its_values() -> None:
    layer = nn.CrossMapLRN2d(3, alpha=0.7)
    x = framework.rand(2, 5, 2, 2, dtype=framework.float64, requires_grad=True)
    assert framework.autograd.gradcheck(layer, (x,))


def test_a_lazy_module_is_the_layer_it_stood_for_after_the_first_input() -> None:
    layer = nn.LazyLinear(2)
    waiting = layer.weight
    layer(framework.ones(1, 3))
    assert layer.weight is waiting and type(layer) is nn.Linear
    with pytest.raises(ValueError, match="uninitialized parameter"):
        nn.LazyLinear(2).weight.sum()
