"""A state comes back exactly as it was: kinds, bits, types, the order in memory, and what is held twice."""

from __future__ import annotations

import io
import json
import math
import struct
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework
from framework import nn
from framework.errors import UserError
from framework.training.checkpoints.state_tree import layout, pack, unpack
from framework.training.files import arrays_in, put_arrays

TYPES = "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 >f4 >i8 g c8 c16 M8[ns] m8[us] U3 S4".split()


def again(tree):
    """The tree as it comes back from the files."""
    value, arrays = pack(tree)
    file = io.BytesIO()
    put_arrays(file, arrays)
    file.seek(0)
    return unpack(json.loads(json.dumps(value, allow_nan=False)), arrays_in(file, Path("file")))


def bits(value):
    """All that there is to know of a value, in a form that == compares exactly."""
    kind = type(value)
    if kind is float:
        return kind, struct.pack(">d", value)
    if kind is complex:
        return kind, bits(value.real), bits(value.imag)
    if isinstance(value, dict):
        return kind, [(bits(key), bits(each)) for key, each in value.items()]
    if kind in (list, tuple, framework.Size):
        return kind, [bits(each) for each in value]
    if kind is deque:
        return kind, value.maxlen, [bits(each) for each in value]
    if kind in (set, frozenset):
        return kind, sorted(repr(bits(each)) for each in value)
    if isinstance(value, np.ndarray):
        strides = value.strides if value.size else None
        return kind, value.dtype.str, value.shape, strides, value.tobytes()
    if isinstance(value, framework.Tensor):
        return kind, value.requires_grad, bits(value.detach().numpy())
    if isinstance(value, np.generic):
        return kind, value.dtype.str, value.tobytes()
    return kind, value


@st.composite
def arrays(draw, types=TYPES):
    """Arrays of all types, with all orders of their axes, some of them with gaps."""
    dtype = np.dtype(draw(st.sampled_from(types)))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    axes = draw(st.permutations(range(len(shape))))
    count = math.prod(shape)
    if dtype.kind in "?USMm":
        flat = np.arange(count).astype(dtype if dtype.kind not in "Mm" else "i8").astype(dtype)
    else:
        data = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, count * dtype.itemsize, np.uint8)
        flat = data.view(dtype) if count else np.empty(0, dtype)
    return flat.reshape([shape[axis] for axis in axes]).transpose(np.argsort(axes))


def tensor_of(array, requires_grad, parameter):
    tensor = framework.from_numpy(array)
    requires_grad = requires_grad and array.dtype.kind == "f"
    return nn.Parameter(tensor, requires_grad) if parameter else tensor.requires_grad_(requires_grad)


tensors = st.builds(tensor_of, arrays("? i1 i2 i4 i8 u1 f2 f4 f8".split()), st.booleans(), st.booleans())
text = st.text(st.characters(exclude_categories=())) | st.sampled_from(["", "$tuple", "\ud83d\ude00", "a/b", "\0"])
keys = (
    st.none() | st.booleans() | st.integers() | st.floats() | text | st.binary()
    | st.tuples(st.integers(), text) | st.builds(np.float32, st.floats(width=32))
)  # fmt: skip
leaves = (
    keys | st.integers().map(lambda n: n**9) | st.complex_numbers() | arrays() | tensors | st.binary().map(bytearray)
    | arrays().filter(lambda each: each.size).map(lambda each: each.reshape(-1)[0])
    | st.sampled_from([Path("a/b"), range(3, 9, 2), np.dtype(">f4"), framework.float16, framework.bool])
    | st.sampled_from([framework.device("cpu"), framework.Size([2, 3]), math.nan, -0.0, 1e-320, -math.inf])
)  # fmt: skip


def containers(inner):
    return (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(text, inner) | st.dictionaries(keys, inner)
        | st.dictionaries(keys, inner).map(OrderedDict) | st.builds(deque, st.lists(inner), st.none() | st.integers(0, 9))
        | st.sets(keys) | st.frozensets(keys) | st.dictionaries(text, st.integers()).map(Counter)
        | st.lists(st.integers()) | st.lists(st.floats())
    )  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.recursive(leaves, containers, max_leaves=12))
def test_a_state_comes_back_as_it_was(tree):
    assert bits(again(tree)) == bits(tree)


def test_integers_that_python_writes_no_decimals_of():
    for value in (2**2000 - 1, -(2**2000), 10**5000, -(10**5000)):
        assert again([value, [value, 1]]) == [value, [value, 1]]


@settings(deadline=None, max_examples=150)
@given(arrays())
def test_an_array_comes_back_to_be_written_to(array):
    found = again([array])[0]
    assert bits(found) == bits(array)
    assert found.flags.writeable and not np.shares_memory(found, array)
    assert found.base is None or (found.base.base is None and found.base.nbytes == found.nbytes)


def test_an_array_with_gaps_keeps_the_order_of_its_axes():
    array = np.arange(60.0).reshape(4, 5, 3)[::2, :, 1:].transpose(2, 0, 1)
    found = again(array)
    assert (found == array).all() and layout(found) == layout(array) and found.base is None
    assert again(np.broadcast_to(np.float32(2), (3, 2))).tolist() == [[2, 2]] * 3
    assert again(np.arange(5)[::-1]).tolist() == [4, 3, 2, 1, 0]


def test_axes_of_length_1_keep_their_strides():
    array = np.lib.stride_tricks.as_strided(np.arange(5.0), (1, 5), (8, 8))
    assert again(array).strides == (8, 8)
    assert again(np.zeros((1, 5))).strides == (40, 8)


def test_what_is_held_twice_is_stored_once_and_comes_back_as_one():
    array, tensor = np.arange(3.0), framework.arange(4.0)
    parameter = nn.Parameter(framework.ones(2))
    tree = {"a": array, "b": [array, tensor, parameter], "c": (tensor, tensor.detach()), "d": parameter}
    assert len(pack(tree)[1]) == 3
    found = again(tree)
    assert found["a"] is found["b"][0] and found["b"][1] is found["c"][0] and found["b"][2] is found["d"]
    assert found["c"][1] is not found["c"][0]
    found["c"][1][0] = 7
    assert found["c"][0][0] == 7  # views of one memory before, and now


def test_equal_arrays_that_are_two_stay_two():
    found = again([np.zeros(2), np.zeros(2)])
    found[0][0] = 1
    assert found[1].tolist() == [0, 0]


def test_dense_arrays_are_not_copied():
    array = np.zeros((3, 4, 5)).transpose(2, 0, 1)
    (stored,) = pack([array])[1].values()
    assert np.shares_memory(stored, array)


def test_names_of_arrays_tell_where_they_are_from():
    tree = {"optimizer": {"state": {0: {"momentum": np.zeros(1)}, "0": {"momentum": np.ones(1)}}}, "a/b": [np.zeros(2)]}
    assert list(pack(tree)[1]) == ["optimizer/state/0/momentum", "optimizer/state/0/momentum~2", "a_b/0"]
    assert list(pack(np.zeros(1))[1]) == ["array"]
    assert bits(again(tree)) == bits(tree)


def test_a_defaultdict_comes_back_as_a_dict():
    assert again(defaultdict(list, a=[1])) == {"a": [1]}


def test_a_tensor_in_a_graph_comes_back_as_its_value():
    weight = framework.ones(2, requires_grad=True)
    found = again(weight * 3)
    assert found.tolist() == [3, 3] and found.requires_grad and found.is_leaf


def test_a_tensor_that_came_back_can_be_trained():
    weight = again(nn.Parameter(framework.ones(2)))
    (weight * weight).sum().backward()
    assert weight.grad.tolist() == [2, 2]
    with framework.no_grad():
        weight -= weight.grad
    assert weight.tolist() == [-1, -1]


def refusal(tree, place="state"):
    with pytest.raises(UserError) as caught:
        pack(tree, place)
    return str(caught.value)


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (nn.Linear(1, 1), "framework.nn.layers.linear.Linear"),
        (Point(1, 2), f"{Point.__module__}.Point"),
        (print, "builtin_function_or_method"),
        (np.ma.array([1]), "numpy.ma.MaskedArray"),
        (np.random.default_rng(), "numpy.random._generator.Generator"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(value, kind):
    text = refusal({"plain": 1, "best": [(0, value)]}, "plugin 'x': state")
    assert text.startswith("plugin 'x': state['best'][0][1] is of the type ")
    assert kind.rpartition(".")[2] in text
    assert ("Keep its state_dict() instead." in text) == hasattr(value, "state_dict")


def test_keys_that_cannot_be_kept_are_named():
    assert refusal({"a": {object: 1}}).startswith("state['a'][<class 'object'>] is of the type type")


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.zeros(2, "i4,f8"), np.array(["a"], np.dtypes.StringDType())]
)
def test_arrays_that_cannot_be_kept_are_named(array):
    assert refusal({"x": [array]}).startswith("state['x'][0] is an array of the type ")


def test_a_state_that_holds_itself():
    tree = {"a": {}}
    tree["a"]["again"] = tree
    assert refusal(tree).startswith("state['a']['again']['a']… holds itself, or is nested more than 100 deep.")


def test_the_deepest_state():
    tree = 1
    for _ in range(100):
        tree = {None: tree}
    assert bits(again(tree)) == bits(tree)
    assert "nested more than 100 deep" in refusal([tree])


@pytest.mark.parametrize(
    "value",
    [
        {"$what": 1},
        {"$array": ["x", [0]]},
        {"$array": ["y", [0, 1]]},
        {"$array": ["y", [1]]},
        {"$array": 3},
        {"$tensor": ["y", [0]]},
        {"$float": "zz"},
        {"$scalar": ["O", "00"]},
        {"$bytes": "*"},
        {"$dict": [[{"$tuple": [[]]}, 1]]},
        {"$range": [1, 2, 3, 4]},
        {"$numpy.dtype": "O"},
    ],
)
def test_what_is_no_state(value):
    with pytest.raises((ValueError, TypeError)):
        unpack(value, {"y": np.zeros(2)})
