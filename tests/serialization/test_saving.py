"""What save writes: PyTorch could read it, it comes back as it was, and a file is there in full or not at all."""

import argparse
import collections
import datetime
import enum
import io
import os
import pickletools
import stat
import zipfile

import numpy as np
import pytest

import framework
from framework import files, nn

TYPES = "float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool".split()

# All that torch.load(weights_only=True) knows of pickle (torch 2.13, _weights_only_unpickler.py).
INSTRUCTIONS = set(
    "PROTO STOP GLOBAL NEWOBJ REDUCE BUILD APPEND APPENDS SETITEM SETITEMS MARK TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWFALSE "
    "NEWTRUE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET BININT BININT1 BININT2 BINFLOAT BINUNICODE SHORT_BINSTRING "
    "BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT LONG1".split()
)
NAMES = {
    "collections OrderedDict", "collections Counter", "torch.serialization _get_layout", "torch Size", "torch Tensor",
    "torch device", "_codecs encode", "__builtin__ bytearray", "__builtin__ set", "__builtin__ complex",
    "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state", "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_tensor_v3", "torch._tensor _rebuild_from_type_v2", "torch.storage UntypedStorage",
    *[f"torch {name}" for name in TYPES],
    *[f"torch {name}Storage" for name in "Double Float Half Long Int Short Char Byte Bool".split()],
}  # fmt: skip


def bytes_of(value, **options):
    file = io.BytesIO()
    framework.save(value, file, **options)
    return file.getvalue()


def again(value, **options):
    return framework.load(io.BytesIO(bytes_of(value, **options)))


def everything():
    matrices = {name: framework.arange(12).reshape(3, 4).to(getattr(framework, name)) for name in TYPES}
    tagged = nn.Parameter(framework.ones(2))
    tagged.tag = "kept"
    state = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).state_dict()
    holds_itself = [1]
    holds_itself.append({"again": holds_itself})
    return {
        "matrices": matrices, "views": {name: each.t()[1:, ::2] for name, each in matrices.items()},
        "expanded": framework.ones(3).expand(2, 3), "zero": framework.tensor(1.5), "empty": framework.ones(0, 3),
        "state": state, "tagged": tagged, "buffer": nn.Buffer(framework.ones(1)), "storage": [framework.ones(3).untyped_storage()],
        "others": [framework.Size([2]), framework.device("cpu"), framework.strided, framework.int8, {1, 2}, b"\xff", b"",
                   bytearray(b"x"), 1j, collections.Counter("aa"), collections.OrderedDict(a=1), "ünï\ud800", -(2**31) - 1,
                   2**300, -1, 255, 256, 65536, -0.0, None, True],
        "many": list(range(2500)), "pairs": {number: str(number) for number in range(2500)}, "itself": holds_itself,
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    }  # fmt: skip


@pytest.mark.parametrize("legacy", [False, True])
def test_pytorch_knows_every_instruction_and_name(legacy):
    data = bytes_of(everything(), _use_new_zipfile_serialization=not legacy)
    if not legacy:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert archive.read("archive/version") == b"3\n"
            data = archive.read("archive/data.pkl")
    file = io.BytesIO(data)
    for _ in range(5 if legacy else 1):
        for instruction, argument, _ in pickletools.genops(file):
            assert instruction.name in INSTRUCTIONS
            assert instruction.name != "GLOBAL" or argument in NAMES


@pytest.mark.parametrize("legacy", [False, True])
def test_everything_comes_back(legacy):
    value = everything()
    back = again(value, _use_new_zipfile_serialization=not legacy)
    assert back.keys() == value.keys()
    tensors = [*value["matrices"].values(), *value["views"].values(), value["expanded"], value["zero"], value["empty"]]
    backs = [*back["matrices"].values(), *back["views"].values(), back["expanded"], back["zero"], back["empty"]]
    for one, other in zip(tensors, backs, strict=True):
        assert framework.equal(one, other) and one.dtype is other.dtype and type(other) is framework.Tensor
        assert one.stride() == other.stride() and one.storage_offset() == other.storage_offset()
        assert one.untyped_storage().nbytes() == other.untyped_storage().nbytes()
    for name, matrix in back["matrices"].items():
        assert matrix.untyped_storage() == back["views"][name].untyped_storage()
    assert back["tagged"].tag == "kept" and type(back["tagged"]) is nn.Parameter and type(back["buffer"]) is nn.Buffer
    assert back["state"]._metadata == value["state"]._metadata and list(back["state"]) == list(value["state"])
    assert back["others"] == value["others"]
    assert [type(each) for each in back["others"]] == [type(each) for each in value["others"]]
    assert (back["many"], back["pairs"], back["tuples"]) == (value["many"], value["pairs"], value["tuples"])
    assert back["itself"][1]["again"] is back["itself"]
    assert back["storage"][0].tolist() == value["storage"][0].tolist()


def test_values_of_numpy_and_others_that_pytorch_must_be_told_of():
    value = {
        "number": np.float64(2.5), "truth": np.bool_(True), "array": np.arange(6.0).reshape(2, 3).T, "text": np.array(["a"]),
        "frozen": frozenset({1}), "default": collections.defaultdict(list, {1: [2]}), "dtype": np.dtype("<f4"),
        "strided": np.arange(6)[::2], "big": np.arange(3, dtype=">i4"),
    }  # fmt: skip
    back = again(value)
    assert back["number"] == 2.5 and type(back["number"]) is np.float64 and type(back["truth"]) is np.bool_
    for name in ("array", "text", "strided", "big"):
        np.testing.assert_array_equal(back[name], value[name])
        assert back[name].dtype == value[name].dtype.newbyteorder("=")  # as NumPy itself unpickles
        assert back[name].strides == np.copy(value[name], order="K").strides
    assert back["frozen"] == {1} and back["default"] == {1: [2]} and back["default"].default_factory is list
    assert back["dtype"] == np.float32


def test_deep_values():
    value = []
    for _ in range(20_000):
        value = [value]
    back = again(value)
    depth = 0
    while back:
        back, depth = back[0], depth + 1
    assert depth == 20_000


def test_an_expanded_part_shares_the_memory_of_the_whole():
    whole = framework.arange(6.0).reshape(2, 1, 3)
    part = whole.narrow(2, 1, 2).expand(2, 4, 2)
    assert part.untyped_storage() == whole.untyped_storage() and part.storage_offset() == 1
    whole_back, part_back = again([whole, part])
    assert part_back.stride() == (3, 0, 1) and part_back.untyped_storage() == whole_back.untyped_storage()


def test_tensors_that_hold_one_value_many_times_are_written_once():
    nested = (1,)
    for _ in range(60):
        nested = (nested, nested)
    assert len(bytes_of(nested)) < 3000
    shared = framework.ones(1000)
    assert len(bytes_of([shared, shared[1:], shared.view(10, 100)])) < 6000
    a, b = again([shared, shared])
    assert a is b


class _Settings:
    def __init__(self, lr, parts):
        self.lr, self.parts = lr, parts


def test_objects_of_classes_that_the_person_trusts():
    value = {
        "args": argparse.Namespace(lr=0.1, x=framework.ones(1)),
        "settings": _Settings(0.5, [1]),
        "date": datetime.date(2024, 2, 3),
    }
    with pytest.raises(TypeError, match=r"trust the class, .*add_safe_globals\(\[Namespace\]\)"):
        again(value)
    with framework.serialization.safe_globals([argparse.Namespace, _Settings, datetime.date]):
        data = bytes_of(value)
        back = framework.load(io.BytesIO(data))
    assert back["args"].lr == 0.1 and back["args"].x.tolist() == [1.0] and type(back["args"]) is argparse.Namespace
    assert vars(back["settings"]) == {"lr": 0.5, "parts": [1]} and back["date"] == value["date"]
    with pytest.raises(framework.serialization.LoadError, match="GLOBAL argparse.Namespace was not an allowed global"):
        framework.load(io.BytesIO(data))


class _Colour(enum.IntEnum):
    RED = 1


_Pair = collections.namedtuple("_Pair", "a b")


class _Marked(framework.Tensor):
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (nn.Linear(1, 1), "Save its state: framework.save(x.state_dict(), ...)"),
        ({"model": {"net": nn.Linear(1, 1)}}, "which is at obj['model']['net']. It would have to be pickled"),
        ([1, (2, {"f": len})], "at obj[1][1]['f']. Files hold tensors, numbers, texts"),
        ({"args": argparse.Namespace()}, "a value of type argparse.Namespace, which is at obj['args']"),
        (_Colour.RED, "Save it as a plain one: int(x)"),
        (_Pair(1, 2), "Save it as a plain one: tuple(x)"),
        (_Marked([1.0]), "Save it as a plain one: x.as_subclass(framework.Tensor)"),
        (np.array([None]), "Its elements are of type object"),
        ({object(): 1}, "which is at obj.keys()"),
        (collections.defaultdict(lambda: 1), "Save it as a plain one: dict(x)"),
    ],
)
def test_what_no_file_holds_is_named_with_its_place(value, words, tmp_path):
    with pytest.raises(TypeError) as caught:
        framework.save(value, tmp_path / "x.pt")
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pickle_module": os}, "nothing is pickled by another module here"),
        ({"pickle_protocol": 6}, "pickle protocol must be <= 5"),
        ({"format": "safetensor"}, "no format 'safetensor'. Did you mean 'safetensors'?"),
        ({"metadata": {"a": "b"}}, "metadata is for .safetensors files"),
    ],
)
def test_arguments_that_are_refused(options, words):
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        framework.save({}, io.BytesIO(), **options)


def test_memory_that_is_not_one_piece():
    backwards = framework.from_numpy(np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::-1].copy()[::1])
    fields = np.zeros(3, dtype=[("a", "u1"), ("b", "<f4")])
    fields["b"] = [1, 2, 3]
    fortran = framework.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    readonly = framework.from_numpy(np.frombuffer(bytearray(8 * 4), np.float64)[1:])
    for tensor in (
        backwards,
        fortran,
        readonly,
        framework.Tensor._wrap(fields["b"]),
        framework.Tensor._wrap(np.arange(4)[::-1]),
    ):
        assert framework.equal(again(tensor), tensor)
    assert again(fortran).stride() == (1, 2)
    permuted = framework.arange(36.0).reshape(1, 3, 2, 6).permute(2, 0, 3, 1)[:, :, ::2].clone()
    for tensor in (permuted, permuted[1:]):
        assert framework.equal(again(tensor), tensor) and again(tensor).stride() == tensor.stride()
    assert permuted.stride() != (18, 18, 3, 1)


def test_the_same_values_give_the_same_bytes():
    assert bytes_of({"a": framework.ones(3)}) == bytes_of({"a": framework.ones(3)})


def test_entries_start_at_multiples_of_64():
    data = bytes_of({"a": framework.ones(3), "b": framework.zeros(5, dtype=framework.int8)})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            lengths = data[entry.header_offset + 26 : entry.header_offset + 30]
            start = (
                entry.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
            )
            assert start % 64 == 0


# Files


def test_an_error_leaves_the_older_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    framework.save(1, path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        framework.save(2, path)
    assert framework.load(path) == 1 and list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_when_it_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    seen = []
    replace = os.replace
    monkeypatch.setattr(files.os, "replace", lambda *names: (seen.append(path.exists()), replace(*names)))
    framework.save(framework.ones(3), path)
    assert seen == [False] and list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_are_those_of_a_plain_write(tmp_path):
    plain, path, link = tmp_path / "plain", tmp_path / "x.pt", tmp_path / "link.pt"
    plain.write_bytes(b"")
    framework.save(1, path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    link.symlink_to(path)
    framework.save(2, link)
    assert link.is_symlink() and framework.load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    (tmp_path / "dangling.pt").symlink_to(tmp_path / "new.pt")
    framework.save(3, tmp_path / "dangling.pt")
    assert framework.load(tmp_path / "new.pt") == 3


def test_what_is_no_ordinary_file_is_written_directly():
    framework.save({"a": framework.ones(3)}, os.devnull)
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)


def test_folders(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist\."):
        framework.save(1, tmp_path / "none" / "x.pt")
    with pytest.raises(IsADirectoryError):
        framework.save(1, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_object_needs_write_alone_and_is_read_from_where_it_stands():
    class Sink:
        def __init__(self):
            self.data = b""

        def write(self, data):
            self.data += bytes(data)

    sink = Sink()
    framework.save({"a": framework.ones(3)}, sink)
    assert framework.load(io.BytesIO(sink.data))["a"].tolist() == [1.0, 1.0, 1.0]
    file = io.BytesIO(b"before")
    file.seek(6)
    framework.save(framework.ones(2), file)
    file.seek(6)
    assert framework.load(file).tolist() == [1.0, 1.0]
    for legacy in (True, False):
        one = bytes_of(framework.ones(2), _use_new_zipfile_serialization=not legacy)
        file = io.BytesIO(b"before" + one)
        file.seek(6)
        assert framework.load(file).tolist() == [1.0, 1.0]
