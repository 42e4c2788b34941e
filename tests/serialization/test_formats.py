"""The formats beside PyTorch's, both orders of bytes, and which one a file is."""

import io
import json
import struct
import sys
import zipfile

import numpy as np
import pytest

import framework
from framework import nn
from framework.serialization import LoadError, load_metadata

TYPES = "float64 float32 float16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool".split()


def flat():
    found = {name: framework.arange(6).reshape(2, 3).to(getattr(framework, name)) for name in TYPES}
    found["view.t"] = found["float32"].t()
    found["element"] = framework.tensor(2.5)
    found["empty"] = framework.ones(0, 2)
    found["parameter"] = nn.Parameter(framework.ones(2))
    return found


def equal(one, other):
    return list(one) == list(other) and all(
        framework.equal(one[name], other[name]) and one[name].dtype is other[name].dtype for name in one
    )


@pytest.mark.parametrize("format", ["npz", "safetensors"])
@pytest.mark.parametrize("mmap", [False, True])
def test_a_dict_of_tensors_comes_back(format, mmap, tmp_path):
    path = tmp_path / f"weights.{format}"
    framework.save(flat(), path)
    renamed = path.rename(tmp_path / "weights.bin")
    back = framework.load(renamed, mmap=mmap)
    assert equal(flat(), {name: back[name] for name in flat()}) and len(back) == len(flat())
    assert all(type(each) is framework.Tensor and not each.requires_grad for each in back.values())
    back["float32"].add_(1)  # its memory is its own
    assert framework.equal(framework.load(renamed)["float32"], flat()["float32"])


def test_numpy_reads_an_npz_by_the_same_names(tmp_path):
    path = tmp_path / "weights.npz"
    framework.save(flat(), path)
    with np.load(path) as arrays:
        assert arrays.files == list(flat())
        for name, tensor in flat().items():
            np.testing.assert_array_equal(arrays[name], tensor.detach().numpy())


def test_nested_dicts_come_back_as_they_were(tmp_path):
    value = {
        "model": {"layer.weight": framework.ones(2), "a/b": framework.zeros(1), "50%": framework.tensor(1)},
        "a/b": framework.ones(1), "%2F": framework.ones(3), "none": {}, "deep": {"er": {"": framework.ones(1)}},
    }  # fmt: skip
    path = tmp_path / "nested.npz"
    framework.save(value, path)
    back = framework.load(path)
    assert list(back) == list(value) and back["none"] == {} and list(back["deep"]["er"]) == [""]
    assert equal(back["model"], value["model"]) and framework.equal(back["%2F"], value["%2F"])
    # A flat dict whose names only look so stays flat.
    flat_names = {"a/b": framework.ones(1), "a%2Fb": framework.ones(2)}
    framework.save(flat_names, path)
    assert equal(framework.load(path), flat_names)


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([framework.ones(1)], "holds a dict of tensors, not a value of type list"),
        ({1: framework.ones(1)}, "[1] is named by a value of type int"),
        ({"lr": 0.1}, "['lr'] is a value of type float. Save it as .pt"),
        ({"a": np.ones(1)}, "['a'] is a value of type ndarray"),
    ],
)
def test_what_these_formats_do_not_hold(name, value, words, tmp_path):
    with pytest.raises(TypeError) as caught:
        framework.save(value, tmp_path / name)
    assert words in str(caught.value) and not list(tmp_path.iterdir())


def test_safetensors_as_published(tmp_path):
    path = tmp_path / "x.safetensors"
    framework.save({"b": framework.tensor([True]), "a": framework.ones(2, 2).t()}, path, metadata={"format": "pt"})
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    assert json.loads(data[8 : 8 + length]) == {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "BOOL", "shape": [1], "data_offsets": [16, 17]},
    }
    assert data[8 + length :] == np.ones(4, "<f4").tobytes() + b"\1"
    assert load_metadata(path) == {"format": "pt"}
    with pytest.raises(ValueError, match="can't be named '__metadata__'"):
        framework.save({"__metadata__": framework.ones(1)}, path)
    with pytest.raises(TypeError, match="metadata is a dict of texts"):
        framework.save({}, path, metadata={"a": 1})
    framework.save({"a": framework.ones(1)}, tmp_path / "x.npz")
    with pytest.raises(LoadError, match=r"it is no \.safetensors file"):
        load_metadata(tmp_path / "x.npz")


def test_bfloat16_in_safetensors():
    halves = np.array([1.5, -2.0, np.inf], np.float32).view(np.uint32) >> 16
    header = json.dumps({"a": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
    data = struct.pack("<Q", len(header)) + header + halves.astype("<u2").tobytes()
    tensor = framework.load(io.BytesIO(data))["a"]
    assert tensor.dtype is framework.float32 and tensor.tolist() == [1.5, -2.0, float("inf")]


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3).T, np.array(3, ">i4"), np.ones((0, 2))]
)
@pytest.mark.parametrize("mmap", [False, True])
def test_npy(array, mmap, tmp_path):
    np.save(tmp_path / "x.npy", array)
    tensor = framework.load(tmp_path / "x.npy", mmap=mmap)
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert tensor.numpy().dtype == array.dtype.newbyteorder("=")
    tensor.fill_(1)


def test_a_tensor_as_npy(tmp_path):
    for tensor in (framework.arange(6).reshape(2, 3).t(), framework.tensor(2.5), framework.ones(0, 2)):
        framework.save(tensor, tmp_path / "x.npy")
        np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), tensor.numpy())
        assert framework.equal(framework.load(tmp_path / "x.npy"), tensor)
    with pytest.raises(TypeError, match=r"\.npy holds one tensor, not a value of type dict"):
        framework.save({}, tmp_path / "x.npy")


@pytest.mark.parametrize("mark", [True, False])
def test_files_of_a_big_endian_machine(mark):
    file = io.BytesIO()
    value = {
        "a": framework.arange(3.0),
        "i": framework.tensor([1, -2]),
        "u": framework.tensor([7], dtype=framework.uint16),
    }
    value["view"] = value["a"][1:]
    framework.save(value, file)
    swapped = io.BytesIO()
    sizes = {0: 4, 1: 8, 2: 2}
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(swapped, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if "/data/" in name:
                size = sizes[int(name.rpartition("/")[2])]
                data = np.frombuffer(data, f"u{size}").byteswap().tobytes()
            if name.endswith("byteorder"):
                data = b"big" if sys.byteorder == "little" else b"little"
                if not mark:
                    continue
            target.writestr(name, data)
    serialization = framework.serialization
    if not mark:
        serialization.set_default_load_endianness(serialization.LoadEndianness.BIG)
    try:
        back = framework.load(io.BytesIO(swapped.getvalue()))
    finally:
        serialization.set_default_load_endianness(None)
    for name, tensor in value.items():
        assert framework.equal(back[name], tensor) and back[name].dtype is tensor.dtype
    assert back["view"].untyped_storage() == back["a"].untyped_storage()


def test_maps_that_are_shared_reach_the_file(tmp_path):
    import mmap

    path = tmp_path / "x.pt"
    framework.save(framework.zeros(3), path)
    with framework.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        framework.load(path, mmap=True).add_(1)
    assert framework.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    framework.load(path, mmap=True).add_(1)
    with zipfile.ZipFile(path) as archive, pytest.raises(zipfile.BadZipFile):
        archive.read("archive/data/0")  # the sum is that of the first bytes
    assert framework.load(path, mmap=True).tolist() == [1.0, 1.0, 1.0]


def test_a_function_for_map_location_may_give_other_values():
    file = io.BytesIO()
    framework.save([framework.arange(3.0), framework.ones(1)], file)
    file.seek(0)
    a, b = framework.load(
        file, map_location=lambda storage, place: framework.zeros(3).untyped_storage() if len(storage) == 12 else None
    )
    assert a.tolist() == [0.0, 0.0, 0.0] and b.tolist() == [1.0]
    file.seek(0)
    with pytest.raises(TypeError, match="map_location gave a int"):
        framework.load(file, map_location=lambda storage, place: 1)


def test_files_that_know_no_end(tmp_path):
    import gzip

    file = io.BytesIO()
    framework.save(framework.ones(2), file)
    with gzip.open(tmp_path / "x.pt.gz", "wb") as packed:
        packed.write(file.getvalue())
    with gzip.open(tmp_path / "x.pt.gz") as packed:
        assert framework.load(packed).tolist() == [1.0, 1.0]
    with pytest.raises(LoadError, match="compressed with gzip"):
        framework.load(tmp_path / "x.pt.gz")


def test_older_forms_of_tensors():
    from tests.serialization.hostile import glob, put, storage, zipped

    plain = glob("torch._utils", "_rebuild_tensor") + b"(" + storage() + put(0) + put((4,)) + put((1,)) + b"tR."
    new = glob("torch", "FloatTensor") + b")" + b"\x81(" + storage() + put(1) + put((3,)) + put((1,)) + b"tb."
    parameter = glob("torch.nn.parameter", "Parameter") + plain[:-1] + b"\x85\x81"
    variable = glob("torch.nn.parameter", "Parameter") + b")\x81(" + plain[:-1] + b"NN\x89Ntb."
    text = b"(lp0\nF1.5\naI3\naI01\naL5L\naS'a\\x01'\naVu\np1\nag1\na."  # protocol 0
    data = np.arange(4, dtype=np.float32).tobytes()
    assert framework.load(io.BytesIO(zipped(plain, data))).tolist() == [0, 1, 2, 3]
    assert framework.load(io.BytesIO(zipped(new, data))).tolist() == [1, 2, 3]
    for program, requires_grad in ((parameter + b".", True), (parameter + b"(\x89NNtb.", False), (variable, False)):
        back = framework.load(io.BytesIO(zipped(program, data)))
        assert type(back) is nn.Parameter and back.requires_grad is requires_grad and back.tolist() == [0, 1, 2, 3]
    assert framework.load(io.BytesIO(zipped(text))) == [1.5, 3, True, 5, "a\x01", "u", "u"]
    old = b"U\x02\xe4\xf6."
    with pytest.raises(LoadError, match="encoding='latin1'"):
        framework.load(io.BytesIO(zipped(old)))
    assert framework.load(io.BytesIO(zipped(old)), encoding="latin1") == "äö"
    assert framework.load(io.BytesIO(zipped(old)), encoding="bytes") == b"\xe4\xf6"
