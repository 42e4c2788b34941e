"""Parts of hostile files, and small sound ones to damage."""

import collections
import io
import pickle
import zipfile

import numpy as np
import pytest

import framework
from framework.serialization import LoadError

EMPTY = pickle.PROTO + b"\x02"


def saved(value, **options):
    file = io.BytesIO()
    framework.save(value, file, **options)
    return file.getvalue()


def zipped(program, data=b"", **entries):
    """A .pt file of a pickle program of ours and one storage."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", EMPTY + program)
        archive.writestr("archive/data/0", data)
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)
    return file.getvalue()


def glob(module, name):
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def put(value):
    """The part of a program that pushes a value."""
    return pickle.dumps(value, protocol=2)[2:-1]


def storage(kind="FloatStorage", key="0", count=4, module="torch"):
    return b"(" + put("storage") + glob(module, kind) + put(key) + put("cpu") + put(count) + b"tQ"


def tensor(offset=0, size=(4,), stride=(1,), memory=None, rest=b"\x89N"):
    function = glob("torch._utils", "_rebuild_tensor_v2")
    memory = storage() if memory is None else memory
    return function + b"(" + memory + put(offset) + put(size) + put(stride) + rest + b"tR"


def refusal(data, **options):
    with pytest.raises(LoadError) as caught:
        framework.load(io.BytesIO(data), **options)
    assert isinstance(caught.value, pickle.UnpicklingError) and isinstance(caught.value, RuntimeError)
    return str(caught.value)


STATE = collections.OrderedDict(
    a=framework.arange(6.0).reshape(2, 3),
    b=framework.arange(6.0).reshape(2, 3).t(),
    i=framework.tensor(3),
    flag=framework.tensor([True, False]),
    p=framework.nn.Parameter(framework.ones(2)),
)
STATE._metadata = {"": {"version": 1}}
VALUES = {
    "state": STATE,
    "rest": (1, 2.5, "x", b"yy", {1, 2}, [framework.Size([1]), framework.float32], np.arange(3.0)),
}
FILES = {
    "zip": saved(VALUES),
    "legacy": saved(VALUES, _use_new_zipfile_serialization=False),
    "npz": saved({"x": dict(STATE)}, format="npz"),
    "safetensors": saved(dict(STATE), format="safetensors", metadata={"a": "b"}),
}
with io.BytesIO() as _file:
    np.savez_compressed(_file, **{name: each.detach().numpy() for name, each in STATE.items()})
    FILES["compressed"] = _file.getvalue()
with io.BytesIO() as _file:
    np.save(_file, np.arange(5.0))
    FILES["npy"] = _file.getvalue()
