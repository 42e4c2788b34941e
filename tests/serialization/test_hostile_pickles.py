"""Pickle programs that would run code, or take all memory or all time, are refused."""

import io
import os
import pickle
import struct
import subprocess
import sys

import pytest

import framework
from tests.serialization.hostile import glob, put, refusal, storage, tensor, zipped

# Programs that would run code


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "posix.system", "builtins.eval", "__builtin__.eval", "builtins.exec", "builtins.__import__",
        "builtins.getattr", "subprocess.Popen", "sys.exit", "runpy.run_path", "importlib.import_module", "torch.load",
        "torch.hub.load", "torch.jit.load", "torch._C._cuda_init", "torch.nn.modules.linear.Linear", "__main__.Net",
        "numpy.load", "numpy.core.multiarray.fromfile", "functools.partial", "operator.attrgetter", "pickle.loads",
        "webbrowser.open", "shutil.rmtree", "collections.namedtuple", "torch.storage._load_from_bytes",
        "os.path.FakeStorage", "torch.evil.\x1b[31mStorage",
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["reduce", "new", "inst", "obj", "stack", "only named"])
def test_names_that_no_file_may_use(name, way, monkeypatch):
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("it ran"))
    module, _, last = name.rpartition(".")
    arguments = put(("echo ran",))
    program = {
        "reduce": glob(module, last) + arguments + b"R",
        "new": glob(module, last) + arguments + pickle.NEWOBJ,
        "inst": b"(" + put("echo ran") + pickle.INST + f"{module}\n{last}\n".encode(),
        "obj": b"(" + glob(module, last) + put("echo ran") + pickle.OBJ,
        "stack": put(module) + put(last) + pickle.STACK_GLOBAL + arguments + b"R",
        "only named": glob(module, last),
    }[way]
    text = refusal(zipped(program + b"."))
    assert "Unsupported global: GLOBAL" in text and "\x1b" not in text
    assert last.removeprefix("\x1b") in text


def test_nothing_is_imported_and_nothing_executed():
    code = """
import io, sys
import framework
from tests.serialization.hostile import FILES, glob, put, tensor, zipped
files = [*FILES.values(), *[zipped(glob("antigravity", name) + put(()) + b"R.") for name in ("fly", "Storage")]]
framework.load(io.BytesIO(FILES["zip"]))
events = []
def note(event, arguments):
    if events is not None and event in ("import", "exec", "os.system", "subprocess.Popen", "socket.connect", "pickle.find_class"):
        events.append(event)
sys.addaudithook(note)
for data in files:
    try:
        framework.load(io.BytesIO(data))
    except framework.serialization.LoadError:
        pass
found, events = events, None
print(found, "antigravity" in sys.modules)
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[] False\n"


def test_calls_within_calls_without_end():
    rebuild = glob("torch._tensor", "_rebuild_from_type_v2") + b"q\x00" + glob("torch", "Tensor") + b"q\x01"
    nested = put(()) + b"q\x02" + b"".join([b"(h\x00h\x01h\x02Ntq\x02" for _ in range(20_000)])
    assert "fails at byte" in refusal(zipped(rebuild + b"00" + nested + b"h\x00h\x02R."))


def test_functions_are_not_values():
    assert "which would be code" in refusal(zipped(b"]" + glob("torch._utils", "_rebuild_tensor_v2") + b"a."))
    assert "methods of its own" in refusal(
        zipped(glob("collections", "OrderedDict") + b")R}" + put("items") + put(1) + b"sb.")
    )
    state = b"}" + put("backward") + put(1) + b"s"
    typed = glob("torch._tensor", "_rebuild_from_type_v2") + b"(" + glob("torch._utils", "_rebuild_tensor_v2")
    arguments = b"(" + storage() + put(0) + put((4,)) + put((1,)) + b"\x89Nt"
    program = typed + glob("torch", "Tensor") + arguments + state + b"tR."
    assert "replaces backward of a tensor" in refusal(zipped(program, bytes(16)))


# Programs that would take all memory, or all time


HUGE = 2**60


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(tensor(memory=storage(count=HUGE)) + b".", id="a storage beyond its entry"),
        pytest.param(tensor(memory=storage(count=-1)) + b".", id="a storage of fewer than none"),
        pytest.param(tensor(size=(HUGE,)) + b".", id="a size beyond the storage"),
        pytest.param(tensor(size=(HUGE, HUGE), stride=(0, 0)) + b".", id="a size beyond any address"),
        pytest.param(tensor(offset=1) + b".", id="an offset beyond the storage"),
        pytest.param(tensor(offset=-1) + b".", id="an offset before the storage"),
        pytest.param(tensor(offset=HUGE, size=(1,)) + b".", id="an offset beyond any address"),
        pytest.param(tensor(size=(2, 2), stride=(HUGE, 1)) + b".", id="a stride beyond the storage"),
        pytest.param(tensor(offset=3, stride=(-1,)) + b".", id="a negative stride"),
        pytest.param(tensor(size=(-1,)) + b".", id="a negative size"),
        pytest.param(tensor(size=(2, 2)) + b".", id="more sizes than strides"),
        pytest.param(tensor(size=(True,)) + b".", id="a size that is a truth"),
        pytest.param(tensor(size=(1.0,)) + b".", id="a size that is a fraction"),
        pytest.param(tensor(size=(1,) * 100, stride=(1,) * 100) + b".", id="a hundred dimensions"),
        pytest.param(tensor(memory=storage(key="1")) + b".", id="a storage that is not there"),
        pytest.param(tensor(memory=storage(key="../../etc/passwd")) + b".", id="a path for a key"),
        pytest.param(tensor(memory=put(1)) + b".", id="a number for a storage"),
        pytest.param(tensor(memory=storage("DoubleStorage")) + b".", id="a storage that is larger than its entry"),
        pytest.param(
            tensor(memory=storage("LongStorage", count=2), size=(2,), rest=b"\x88N") + b".", id="int requires grad"
        ),
        pytest.param(pickle.BINUNICODE8 + struct.pack("<Q", HUGE) + b".", id="a long text"),
        pytest.param(pickle.BINBYTES8 + struct.pack("<Q", HUGE) + b".", id="long bytes"),
        pytest.param(pickle.BYTEARRAY8 + struct.pack("<Q", HUGE) + b".", id="a long bytearray"),
        pytest.param(pickle.LONG4 + struct.pack("<I", 2**31 - 1) + b".", id="a long number"),
        pytest.param(pickle.LONG + b"9" * 100_000 + b"\n.", id="a number of many digits"),
        pytest.param(pickle.FRAME + struct.pack("<Q", HUGE), id="a long frame and no end"),
        pytest.param(glob("builtins", "bytearray") + put((HUGE,)) + b"R.", id="bytes by number"),
        pytest.param(glob("builtins", "bytes") + put((HUGE,)) + b"R.", id="constant bytes by number"),
        pytest.param(glob("torch", "FloatTensor") + put((HUGE,)) + b"R.", id="a tensor by number"),
        pytest.param(glob("torch", "Tensor") + put((HUGE,)) + pickle.NEWOBJ + b".", id="a new tensor by number"),
        pytest.param(b"1" * 5, id="an empty stack"),
        pytest.param(b"h\x05.", id="an empty memo"),
        pytest.param(b"ttttt.", id="no mark"),
        pytest.param(put([1]) + b"]" + put(1) + b"s.", id="a list for a key"),
        pytest.param(pickle.EXT1 + b"\x01.", id="the extension registry"),
        pytest.param(pickle.NEXT_BUFFER + b".", id="a buffer from elsewhere"),
        pytest.param(b"\xff.", id="no instruction"),
        pytest.param(put("no module") + b"Q.", id="a text for a storage"),
        pytest.param(
            b"(" + put("module") + put(1) + put("a.py") + put("import os") + b"tQ.", id="a module with its source"
        ),
    ],
)
def test_programs_that_ask_for_too_much(program, little_memory):
    refusal(zipped(program, bytes(16)))


def test_keys_that_hold_each_other_many_times_over(little_memory):
    nested = put(1) + b"".join([b"q\x00h\x00\x86"] * 60)  # (t, t), sixty times over
    in_a_set = glob("builtins", "set") + b"](" + nested + b"e\x85R."
    in_pairs = glob("collections", "OrderedDict") + b"]](" + nested + b"K\x01ea\x85R."
    for program in (
        b"}" + nested + put(1) + b"s.",
        b"\x8f(" + nested + b"\x90.",
        b"(" + nested + b"\x91.",
        in_a_set,
        in_pairs,
    ):
        assert "one of its keys" in refusal(zipped(program))
    assert framework.load(io.BytesIO(zipped(nested + b"."))) is not None  # as a value it takes sixty tuples


def test_calls_that_copy_the_same_value_over_and_over(little_memory):
    program = glob("builtins", "set") + b"q\x00]q\x01(" + b"K\x01" * 2000 + b"e" + b"h\x01\x85q\x02"
    program += b"h\x00h\x02R0" * 3000
    assert "copies the same values" in refusal(zipped(program + b"."))


def test_values_nested_without_end():
    deep = framework.load(io.BytesIO(zipped(b"]" * 50_000 + b"a" * 49_999 + b".")))
    for _ in range(49_999):
        (deep,) = deep
    assert deep == []


def array_program(dtype, shape, data, state=b"N"):
    kind = glob("numpy", "dtype") + put((dtype, False, True)) + b"R"
    start = glob("numpy.core.multiarray", "_reconstruct") + glob("numpy", "ndarray") + put((0,)) + put("b") + b"\x87R"
    return start + b"(" + put(1) + put(shape) + kind + put(False) + data + b"tb."


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (array_program("f8", (2**60,), pickle.SHORT_BINBYTES + b"\x08" + bytes(8)), "do not match its shape"),
        (array_program("f8", (-1,), pickle.SHORT_BINBYTES + b"\x00"), "do not match its shape"),
        (array_program("O8", (1,), put([1])), "only numbers, booleans and text"),
        (array_program("f8", (1,), put([1])), "a NumPy array of objects, which could be code"),
        (array_program("f8,O", (1,), put([1])), "only numbers, booleans and text"),
        (array_program("M8[ns]", (1,), pickle.SHORT_BINBYTES + b"\x08" + bytes(8)), "only numbers, booleans and text"),
        (glob("numpy.core.multiarray", "scalar") + put((1, "x")) + b"R.", "do not match its shape"),
    ],
)
def test_arrays_of_numpy_that_are_none(program, words, little_memory):
    assert words in refusal(zipped(program))


def test_weights_only_changes_nothing():
    file = io.BytesIO()
    framework.save({"weight": framework.ones(2)}, file)
    file.seek(0)
    assert framework.load(file, weights_only=False)["weight"].tolist() == [1.0, 1.0]
    file = io.BytesIO()
    pickle.dump(os.getcwd, file)
    file.seek(0)
    with pytest.raises(framework.serialization.LoadError, match="getcwd"):
        framework.load(file, weights_only=False)
