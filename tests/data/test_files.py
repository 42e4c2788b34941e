"""Readers of .npy, .npz, IDX and text: what NumPy wrote comes back, and damage is named."""

import gzip
import pickle
import struct
import zipfile

import numpy as np
import pytest

import framework
from framework.data import DataError, DataLoader, TextLines, read_idx, read_npy, read_npz, read_text

ARRAYS = {
    "floats": np.arange(12, dtype=np.float32).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big-endian": np.arange(5, dtype=">i4"),
    "bools": np.array([True, False]),
    "one": np.array(2.5),
    "empty": np.ones((0, 3), dtype=np.int64),
    "bytes": np.arange(7, dtype=np.uint8),
    "half": np.ones(2, dtype=np.float16),
}


def same(tensor, array):
    native = array.astype(array.dtype.newbyteorder("="))
    assert tensor.numpy().dtype == native.dtype and np.array_equal(tensor.numpy(), array)
    assert tensor.shape == array.shape


def is_of_a_file(tensor):
    array = tensor.numpy()
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


@pytest.mark.parametrize("mmap", [None, True, False])
@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_and_its_file_stays(tmp_path, name, mmap):
    path = tmp_path / "a.npy"
    np.save(path, ARRAYS[name])
    before = path.read_bytes()
    tensor = read_npy(path, mmap=mmap)
    same(tensor, ARRAYS[name])
    tensor.zero_()
    assert path.read_bytes() == before


def test_a_large_file_is_mapped(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    np.save(path, ARRAYS["floats"])
    assert not is_of_a_file(read_npy(path))
    monkeypatch.setattr("framework.data.files.MAPPED_FROM", 100)
    assert is_of_a_file(read_npy(path)) and read_npy(str(path)).mean().item() == 5.5
    idx_path = tmp_path / "a-idx"
    idx_path.write_bytes(idx(np.ones((10, 10), dtype=np.uint8), 8))
    assert is_of_a_file(read_idx(idx_path)) and not is_of_a_file(read_idx(idx_path, mmap=False))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_by_name(tmp_path, save):
    path = tmp_path / "a.npz"
    save(path, *[ARRAYS["one"]], **{name.replace("-", "_"): array for name, array in ARRAYS.items()})
    found = read_npz(path)
    assert len(found) == len(ARRAYS) + 1
    same(found["arr_0"], ARRAYS["one"])
    for name, array in ARRAYS.items():
        same(found[name.replace("-", "_")], array)
        found[name.replace("-", "_")].zero_()


def npy(header, data=b"", version=b"\x01\x00"):
    text = header.encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


NPY = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "this is not a .npy file: the file is empty"),
        (b"PK\x03\x04....", "it starts with b'PK\\x03\\x04....', as a .npz or another zip file does"),
        (b"<!DOCTYPE html>", "as a web page does: was the download refused?"),
        (npy(NPY, bytes(20)), "the file is cut short: the header announces 2 × 3 values of float32, 24 bytes, and 20"),
        (npy(NPY, bytes(30)), "24 bytes, but 30 follow: the header is damaged, or more was written behind"),
        (npy(NPY)[:30], "its header can't be read: "),
        (npy("{'descr': '<f4'}\n"), "its header can't be read: "),
        (npy("nonsense(\n"), "its header can't be read: "),
        (npy(NPY.replace("(2, 3)", "(-2, 3)")), "its header is damaged: it announces the shape (-2, 3)"),
        (npy(NPY.replace("(2, 3)", "(99999999999, 99999999999)")), "the file is cut short"),
        (npy(NPY, version=b"\x09\x00"), "its version of the format is (9, 0)"),
        (npy(NPY.replace("<f4", "|O")), "Python objects, which could run anything"),
        (npy(NPY.replace("<f4", "<c8"), bytes(48)), "the array holds complex64, and a tensor numbers"),
        (npy(NPY.replace("<f4", "<U1"), bytes(24)), "the array holds <U1"),
    ],
)
def test_a_damaged_npy_file_is_named(tmp_path, data, words):
    path = tmp_path / "a.npy"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_npy(path)
    assert words in str(caught.value) and str(caught.value).startswith(f"{path}: ") and caught.value.path == str(path)


def test_a_damaged_npz_file_is_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(1000.0), y=np.arange(3))
    whole = path.read_bytes()
    for data, words in [
        (b"", "this is not a whole .npz file: the file is empty"),
        (whole[:-30], "this is not a whole .npz file: its archive is damaged"),
        (whole[:200] + bytes(50) + whole[250:], ", array 'x': it is damaged: "),
    ]:
        path.write_bytes(data)
        with pytest.raises(DataError, match="a.npz") as caught:
            read_npz(path)
        assert words in str(caught.value)
    np.savez(path, x=np.array([None]))
    with pytest.raises(DataError, match="array 'x': it holds Python objects"):
        read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello world")
    with pytest.raises(DataError, match=r"array 'notes.txt': this is not a .npy file: it starts with b'hello wo'"):
        read_npz(path)


def idx(array, code):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


@pytest.mark.parametrize("mmap", [None, True, False])
@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
@pytest.mark.parametrize("kind", CODES)
def test_an_idx_file_comes_back(tmp_path, kind, pack, mmap):
    for shape in [(2, 3, 4), (5,), (0, 28), ()]:
        array = (np.arange(np.prod(shape, dtype=int)) - 3).astype(kind).reshape(shape)
        path = tmp_path / "a-idx"
        path.write_bytes(pack(idx(array, CODES[kind])))
        tensor = read_idx(path, mmap=mmap)
        same(tensor, array)
        tensor.zero_()


IDX = idx(np.arange(6, dtype=np.uint8).reshape(2, 3), 8)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "this is not an IDX file: the file is empty; an IDX file starts with two zeros"),
        (b"\0\0", "it starts with b'\\x00\\x00'"),
        (b"\0\0\x07\x01....", "0x8, 0x9, 0xb, 0xc, 0xd, 0xe for the type of its values"),
        (b"<html>", "as a web page does"),
        (IDX[:9], "the file is cut short: of 2 sizes it has 5 bytes, 4 each"),
        (IDX[:-2], "the header announces 2 × 3 values of uint8, 6 bytes, and 4 follow"),
        (IDX + b"x", "6 bytes, but 7 follow"),
        (gzip.compress(IDX, mtime=0)[:-9], "its gzip data is damaged: "),
        (gzip.compress(IDX, mtime=0)[:-8] + bytes(8), "its gzip data is damaged: CRC check failed"),
        (gzip.compress(IDX[:-1], mtime=0), "the file is cut short"),
        (gzip.compress(gzip.compress(IDX, mtime=0), mtime=0), "as a gzip file does"),
    ],
)
def test_a_damaged_idx_file_is_named(tmp_path, data, words):
    path = tmp_path / "a-idx"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert words in str(caught.value) and str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("read", [read_npy, read_npz, read_idx, read_text, TextLines])
def test_a_file_that_is_not_there_is_answered_by_the_nearest(tmp_path, read):
    (tmp_path / "numbers").touch()
    with pytest.raises(FileNotFoundError, match=r"No such file \(did you mean '.*numbers'\?\)"):
        read(tmp_path / "numbres")


TEXT = "first\n\nthïrd \t\r\nlast".encode()


def test_text_is_read_whole_and_by_lines(tmp_path):
    path = tmp_path / "a.txt"
    for data in (TEXT, b"\xef\xbb\xbf" + TEXT, TEXT + b"\n"):
        path.write_bytes(data)
        assert read_text(path) == "first\n\nthïrd \t\nlast" + "\n" * data.endswith(b"\n")
        lines = TextLines(path)
        assert [lines[i] for i in range(len(lines))] == ["first", "", "thïrd \t", "last"] == list(lines)
        assert lines[-1] == "last" and repr(lines) == f"TextLines({str(path)!r}, 4 lines)"
        assert list(DataLoader(lines, 3)) == [["first", "", "thïrd \t"], ["last"]]
        assert list(pickle.loads(pickle.dumps(lines))) == list(lines)
        with pytest.raises(IndexError, match="there is no line 4 among 4"):
            lines[4]
    path.write_bytes(b"")
    assert read_text(path) == "" and len(TextLines(path)) == 0 and list(TextLines(path)) == []
    path.write_text("ä\nö", encoding="latin-1")
    assert list(TextLines(path, encoding="latin-1")) == ["ä", "ö"] == read_text(path, encoding="latin-1").split()


def test_lines_are_found_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("framework.data.text._CHUNK", 4)
    path = tmp_path / "a.txt"
    path.write_text("abc\nde\n\n\nfghijklm\n")
    assert list(TextLines(path)) == ["abc", "de", "", "", "fghijklm"]


def test_damaged_text_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\nthr\xffee\n")
    words = r'a\.txt, line 3: byte 0xff is not valid in utf-8\. .* encoding="latin-1"'
    with pytest.raises(DataError, match=words):
        read_text(path)
    lines = TextLines(path)
    assert lines[1] == "two"
    with pytest.raises(DataError, match=words):
        lines[2]
    with pytest.raises(LookupError):
        TextLines(path, encoding="utf-9")
    with pytest.raises(ValueError, match=r"by the byte 0x0a, which ends none in utf-16\. Use read_text\(\)"):
        TextLines(path, encoding="utf-16")
    again = pickle.loads(pickle.dumps(lines))
    path.write_bytes(b"one\n")
    with pytest.raises(DataError, match="the file has 4 bytes; when its lines were counted it had 15"):
        again[0]


def test_every_byte_of_a_file_may_be_wrong(tmp_path):
    path = tmp_path / "a"
    generator = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", ARRAYS["floats"])
    np.savez_compressed(tmp_path / "a.npz", x=ARRAYS["floats"], y=ARRAYS["bytes"])
    sources = {
        read_npy: (tmp_path / "a.npy").read_bytes(),
        read_npz: (tmp_path / "a.npz").read_bytes(),
        read_idx: gzip.compress(IDX),
    }
    for read, whole in sources.items():
        for _ in range(60):
            damaged = bytearray(whole)
            for place in generator.integers(0, len(whole), generator.integers(1, 4)):
                damaged[place] = generator.integers(256)
            path.write_bytes(damaged[: generator.integers(1, len(whole) + 1)] if generator.random() < 0.5 else damaged)
            try:
                found = read(path)
                assert isinstance(found, dict | framework.Tensor)
            except DataError as error:
                assert str(error).startswith(str(path))
