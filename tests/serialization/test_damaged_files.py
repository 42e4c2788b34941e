"""Damaged files, and files of other kinds, are refused with one kind of error; memory stays bounded."""

import copy
import io
import json
import pickle
import random
import struct
import warnings
import zipfile
import zlib

import pytest

import framework
from framework.serialization import LoadError
from framework.serialization.archive import Archive
from tests.serialization.hostile import EMPTY, FILES, STATE, put, refusal, saved, storage, tensor, zipped


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_at_any_length(kind):
    whole = FILES[kind]
    framework.load(io.BytesIO(whole))
    for length in range(len(whole)):
        refusal(whole[:length])


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("way", ["in memory", "a file", "mapped"])
def test_flipped_bytes_are_refused_or_change_values_only(kind, way, tmp_path):
    chance = random.Random(way)
    path = tmp_path / "x"
    for _ in range(100):
        data = bytearray(FILES[kind])
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 127, 128, 255])
        path.write_bytes(data)
        try:
            framework.load(io.BytesIO(data) if way == "in memory" else path, mmap=way == "mapped")
        except LoadError:
            pass


def test_a_directory_that_leads_before_the_start(tmp_path):
    data = bytearray(FILES["zip"])
    place = data.rfind(b"PK\5\6")
    data[place + 16 : place + 20] = struct.pack("<I", 2**32 - 2)
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(LoadError, match="damaged"):
        framework.load(path)


def test_programs_of_random_instructions():
    instructions = [each for name, each in vars(pickle).items() if name.isupper() and isinstance(each, bytes)]
    instructions = [each for each in instructions if len(each) == 1]
    chance = random.Random(2)
    with zipfile.ZipFile(io.BytesIO(FILES["zip"])) as archive:
        whole = archive.read("archive/data.pkl")[2:]
    for _ in range(500):
        program = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            place = chance.randrange(len(program))
            program[place : place + chance.randrange(2)] = chance.choice(instructions)
        try:
            framework.load(io.BytesIO(zipped(bytes(program), bytes(48))))
        except LoadError:
            pass


# Archives


def test_the_sum_of_an_entry_is_checked():
    data = bytearray(FILES["zip"])
    place = data.find(STATE["a"].numpy().tobytes())
    data[place] ^= 1
    assert "do not match their sum" in refusal(bytes(data))
    # PyTorch, told to count no sums, writes 0.
    with zipfile.ZipFile(io.BytesIO(FILES["zip"])) as archive:
        sums = {entry.CRC for entry in archive.infolist()}
    for each in sums - {0}:
        data = data.replace(struct.pack("<I", each), bytes(4))
    assert framework.load(io.BytesIO(bytes(data)))["state"]["a"][0, 0].item() != 0


def test_an_entry_that_the_directory_calls_otherwise():
    data = FILES["zip"]
    place = data.find(b"archive/data/1")
    changed = data[:place] + b"archive/data/2" + data[place + 14 :]
    assert "disagree" in refusal(changed)


def test_an_older_file_whose_storages_ask_for_more_than_it_has(little_memory):
    small = saved(framework.arange(9.0), _use_new_zipfile_serialization=False)
    many = put(2**45)
    huge = small.replace(b"K\x09\x4e", many + b"N").replace(b"K\x09\x85", many + b"\x85")
    assert huge != small
    assert "its storages ask for more bytes than it has" in refusal(huge)


def test_a_compressed_bomb(little_memory):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", EMPTY + tensor(memory=storage(count=2**28), size=(2**28,)) + b".")
        with archive.open("archive/data/0", "w") as member:
            for _ in range(17):
                member.write(bytes(1 << 16))
    # It says that it would unpack to 2 GB.
    data = bytearray(file.getvalue())
    place = data.rfind(b"PK\1\2")
    data[place + 24 : place + 28] = struct.pack("<I", 2**31 - 1)
    assert "it may be a bomb" in refusal(bytes(data))


def test_compressed_files_are_read():
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(FILES["zip"])) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert framework.equal(framework.load(io.BytesIO(file.getvalue()))["state"]["a"], STATE["a"])


def test_entries_that_lie_upon_each_other(little_memory):
    tensors = [tensor(memory=storage(key=str(key), count=1 << 14), size=(1 << 14,)) for key in range(50)]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", EMPTY + b"(" + b"".join(tensors) + b"l.")
        entry = zipfile.ZipInfo("archive/data/00")
        archive.writestr(entry, bytes(1 << 16))
        for number in range(50):
            # The name of the first ten lies too, and is found out; those after it have the length of the entry's.
            again = copy.copy(entry)
            again.filename = again.orig_filename = f"archive/data/{number}"
            archive.filelist.append(again)
    refusal(file.getvalue())


def test_one_entry_read_as_many(little_memory):
    """Each entry of the directory is bounded by the file, and so are all together."""
    file = io.BytesIO(zipped(b"].", bytes(1 << 16)))
    archive = Archive(file)
    archive.read("archive/data/0")
    with pytest.raises(LoadError, match="reaches beyond its end"):
        archive.read("archive/data/0")


def test_names_that_are_there_twice_or_lead_elsewhere(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", EMPTY + b"].")
            archive.writestr("archive/data.pkl", EMPTY + b"}.")
    assert "two entries are named" in refusal(file.getvalue())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../escaped.npy", FILES["npy"])
    assert list(framework.load(io.BytesIO(file.getvalue()))) == ["../../escaped"]  # a name, and no file
    assert not list(tmp_path.parent.rglob("escaped*"))


def test_encrypted_and_strange_archives():
    data = bytearray(zipped(b"]."))
    data[data.find(b"PK\1\2") + 8] |= 1
    assert "encrypted" in refusal(bytes(data))
    assert "Unknown endianness type: middle" in refusal(zipped(b"].", byteorder=b"middle"))
    assert "TorchScript archive" in refusal(zipped(b"].", **{"constants.pkl": b""}))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    assert "is no array" in refusal(file.getvalue())


# Arrays and safetensors


def npy(header, data=b""):
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n."), "an array of objects"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,)}"), "needs"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "shape"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999)}"), "shape"),
        (npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", bytes(8)), "which no tensor has"),
        (npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", bytes(16)), "which no tensor has"),
        (npy("__import__('os').system('echo ran')"), "the header of its array is none"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2)}" + "(" * 500), "the header of its array is none"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", bytes(9)), "there are 9"),
        (b"\x93NUMPY\x09\x00", "its .npy version is (9, 0)"),
    ],
)
def test_arrays_that_are_none(data, words, little_memory):
    assert words in refusal(data)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", data)
    assert "x: " in refusal(file.getvalue())


def safetensors(header, data=b""):
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def about(shape=(2,), place=(0, 8), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(place)}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (struct.pack("<Q", 90_000_000) + b"{}", "its header would be"),
        (safetensors("{" * 3), "no JSON"),
        (safetensors('{"a":' * 50_000), "no JSON"),
        (safetensors('{"a": NaN}'), "a number that is none"),
        (safetensors({"a": about()}, bytes(7)), "does not fit its shape"),
        (safetensors({"a": about()}, bytes(9)), "bytes behind its last tensor"),
        (safetensors({"a": about(), "b": about(place=(4, 12))}, bytes(12)), "overlaps"),
        (safetensors({"a": about(), "b": about(place=(12, 20))}, bytes(20)), "overlaps"),
        (safetensors({"a": about(place=(8, 0))}, bytes(8)), "does not fit its shape"),
        (safetensors({"a": about(shape=(2**40, 2**40))}, bytes(8)), "does not fit its shape"),
        (safetensors({"a": about(shape=(-2,))}, bytes(8)), "makes no sense"),
        (safetensors({"a": about(shape=(2.0,))}, bytes(8)), "makes no sense"),
        (safetensors({"a": about(shape=(True, 2))}, bytes(8)), "makes no sense"),
        (safetensors({"a": {**about(), "more": 1}}, bytes(8)), "makes no sense"),
        (safetensors({"a": about(dtype="F4")}, bytes(8)), "which no tensor here has"),
        (safetensors({"a": about(dtype="C64", shape=(1,))}, bytes(8)), "complex tensors are out of scope"),
        (safetensors({"a": about(dtype="BOOL", shape=(8,))}, b"\2" * 8), "neither 0 nor 1"),
        (safetensors('{"a": 1, "a": 2}'), "names a tensor twice"),
        (safetensors({"__metadata__": {"a": 1}}), "no dict of texts"),
    ],
)
def test_safetensors_that_are_none(data, words, little_memory):
    assert words in refusal(data)


# Files of other kinds


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (pickle.dumps({"a": 1}), "Invalid magic number; corrupt file?"),
        (pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(1002), "Invalid protocol version: 1002"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (zlib.compress(b"x"), "damaged"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"hello, world", "damaged"),
        (bytes(257) + b"ustar", ".tar file"),
    ],
)
def test_files_of_other_kinds(data, words):
    assert words in refusal(data)


def test_a_file_object_that_stands_at_its_end():
    file = io.BytesIO()
    framework.save(framework.ones(1), file)
    with pytest.raises(LoadError, match=r"has been read to its end: call seek\(0\) first"):
        framework.load(file)


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"")
    with pytest.raises(LoadError, match=r"weights\.pt can't be loaded: it is empty"):
        framework.load(path)
    with pytest.raises(FileNotFoundError):
        framework.load(tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"pickle_module": pickle},
            RuntimeError,
            "Can not safely load weights when explicit pickle_module is specified",
        ),
        ({"map_location": "cuda"}, RuntimeError, "Attempting to deserialize object on a CUDA device"),
        ({"map_location": 1}, TypeError, "must be a device, a string, a dict or a function"),
        ({"mmap": True}, ValueError, "f must be a file path"),
        ({"no_such": True}, TypeError, "unexpected keyword argument 'no_such'"),
    ],
)
def test_arguments_that_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        framework.load(io.BytesIO(FILES["zip"]), **options)
