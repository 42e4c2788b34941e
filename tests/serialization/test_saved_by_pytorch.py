"""Files that PyTorch wrote give what was saved: tests/golden/make_saved.py."""

import collections
import json
import pathlib

import numpy as np
import pytest

import framework
from framework import nn
from framework.serialization import LoadError
from tests.golden.saved_networks import SMALL, networks

SAVED = pathlib.Path(__file__).parents[1] / "golden" / "saved"
VALUES = json.loads((SAVED / "values.json").read_text())


@pytest.fixture(scope="module", params=["values", "values_protocol5", "values_legacy"])
def values(request):
    return framework.load(SAVED / f"{request.param}.pt")


def test_tensors_of_every_type_keep_values_shapes_and_strides(values):
    tensors = values["tensors"]
    missing = VALUES.keys() - tensors.keys()
    assert {name.split()[0] for name in missing} <= {"uint16", "uint32", "uint64"}  # not in the older form
    for name, tensor in tensors.items():
        dtype, shape, stride, offset, expected = VALUES[name]
        assert str(tensor.dtype) == dtype.replace("bfloat16", "float32"), name
        assert (list(tensor.shape), tensor.tolist()) == (shape, expected), name
        assert list(tensor.stride()) == stride and tensor.storage_offset() == offset * bool(tensor.numel()), name


def test_storages_stay_shared(values):
    for name in ("float32", "bfloat16", "bool"):
        whole, view = values["tensors"][name], values["tensors"][f"{name} view"]
        assert whole.untyped_storage().data_ptr() == view.untyped_storage().data_ptr()
    whole = values["tensors"]["int64"]
    before = whole[0, 1].item()
    whole[0, 1] = 77
    assert values["tensors"]["int64 view"][0, 0].item() == 77
    whole[0, 1] = before


def test_the_metadata_of_a_state_dict(values):
    assert type(values["tensors"]) is collections.OrderedDict
    assert values["tensors"]._metadata == {"": {"version": 1}, "bn": {"version": 2}}


def test_other_values(values):
    others = values["others"]
    assert others["numbers"] == [
        0, 255, 256, 65536, -1, -(2**31), 2**31, 2**63, -(2**70), 1.5, float("inf"), 1 + 2j, True, None,
    ]  # fmt: skip
    assert [type(each) for each in others["numbers"][-3:]] == [complex, bool, type(None)]
    assert others["texts"] == ["", "ünï", b"", b"ab\xff", bytearray(b"x")] and type(others["texts"][4]) is bytearray
    assert others["tuples"] == ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4,)))
    assert others["sets"] == {1, "a", (2, 3)} and others[3] == {"nested": {"deeper": [{}]}}
    assert others["counter"] == {"a": 2, "b": 1} and type(others["counter"]) is collections.Counter
    assert list(others["ordered"].items()) == [("b", 1), ("a", 2)]
    assert others["size"] == (2, 3) and type(others["size"]) is framework.Size
    assert others["dtype"] is framework.float16 and others["device"] == framework.device("cpu")
    assert others["layout"] is framework.strided


def test_parameters_buffers_and_gradients(values):
    others = values["others"]
    assert type(others["parameter"]) is nn.Parameter and others["parameter"].requires_grad
    assert type(others["tagged"]) is nn.Parameter and not others["tagged"].requires_grad
    assert others["tagged"].tag == ["kept"]
    assert type(others["buffer"]) is nn.Buffer and others["buffer"].persistent
    assert others["requires grad"].requires_grad and others["requires grad"].is_leaf
    others["parameter"].sum().backward()
    assert others["parameter"].grad.tolist() == [1.0, 1.0]


def test_a_mapped_file_gives_the_same():
    read, mapped = [framework.load(SAVED / "values.pt", mmap=each)["tensors"] for each in (False, True)]
    for name, tensor in read.items():
        assert framework.equal(tensor, mapped[name]) and tensor.stride() == mapped[name].stride()
    mapped["float32"].zero_()  # to a copy of the page: the file stays
    assert framework.equal(framework.load(SAVED / "values.pt")["tensors"]["float32"], read["float32"])
    with pytest.raises(LoadError, match="mmap can only be used"):
        framework.load(SAVED / "values_legacy.pt", mmap=True)


@pytest.mark.parametrize("kind", SMALL)
def test_networks_give_pytorchs_outputs(kind):
    made = networks(framework)[list(SMALL).index(kind)](*SMALL[kind]).eval()
    saved = framework.load(SAVED / f"{kind}.pt")
    assert repr(made.load_state_dict(saved["weights"])) == "<All keys matched successfully>"
    with framework.no_grad():
        output = made(saved["input"])
    np.testing.assert_allclose(output.numpy(), saved["output"].numpy(), rtol=1e-5, atol=1e-5)


def test_states_of_optimizers():
    saved = framework.load(SAVED / "optimizers.pt")
    state = saved["SGD"]["optimizer"]
    layer = nn.Linear(3, 2)
    layer.load_state_dict(saved["SGD"]["model"])
    optimizer = framework.optim.SGD(layer.parameters(), lr=9.0)
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.1 and optimizer.param_groups[0]["momentum"] == 0.9
    assert optimizer.state[layer.weight]["momentum_buffer"].tolist() == state["state"][0]["momentum_buffer"].tolist()
    assert saved["AdamW"]["optimizer"]["state"][0]["step"].item() == 2.0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("module", "It holds a whole module, and loading that would run code"),
        ("namespace", "GLOBAL argparse.Namespace was not an allowed global by default"),
        ("sparse", "layout torch.sparse_coo: sparse tensors are out of scope"),
        ("complex", "it holds complex64 tensors: complex tensors are out of scope"),
        ("quantized", "quantized tensors are out of scope"),
    ],
)
def test_what_is_refused_by_name(name, words):
    with pytest.raises(LoadError, match="can't be loaded") as caught:
        framework.load(SAVED / f"{name}.pt")
    assert words in str(caught.value)


def test_a_class_that_the_person_trusts():
    import argparse

    assert framework.serialization.get_unsafe_globals_in_checkpoint(SAVED / "namespace.pt") == ["argparse.Namespace"]
    with framework.serialization.safe_globals([argparse.Namespace]):
        assert framework.serialization.get_unsafe_globals_in_checkpoint(SAVED / "namespace.pt") == []
        assert framework.load(SAVED / "namespace.pt")["args"] == argparse.Namespace(lr=0.1)
    with pytest.raises(LoadError):
        framework.load(SAVED / "namespace.pt")
