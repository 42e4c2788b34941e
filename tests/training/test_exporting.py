"""Weights for others to load: each format's own bytes say what the model holds, whatever its tensors are like."""

from __future__ import annotations

import json
import pickletools
import zipfile

import numpy as np
import pytest

import framework
from framework import nn
from framework.errors import UserError
from framework.training import Run, Trainer
from framework.training.exporting import export
from tests.tiny import tiny


class Odd(nn.Linear):
    """A line, and beside it what a state_dict may hold."""

    def __init__(self):
        super().__init__(1, 1)
        self.tied = nn.Linear(1, 1)
        self.tied.weight = self.weight
        self.turned = nn.Parameter(framework.arange(6.0).reshape(2, 3).t())
        self.scale = nn.Parameter(framework.tensor(2.5, dtype=framework.float64))
        self.none = nn.Parameter(framework.zeros(0, 4))
        self.register_buffer("count", framework.tensor([1, -2, 3]))
        self.register_buffer("mask", framework.tensor([[True, False], [True, True]]))
        self.register_buffer("byte", framework.tensor([0, 255], dtype=framework.uint8))
        self.register_buffer("halves", framework.tensor([0.5, -1.5], dtype=framework.float16))
        self.register_buffer("part", framework.arange(20.0).reshape(4, 5)[::2, 1:3])
        self.register_buffer("hidden", framework.ones(1), persistent=False)


STAYS = {
    "turned": np.float32([[0, 3], [1, 4], [2, 5]]),
    "scale": np.float64(2.5),
    "none": np.zeros((0, 4), np.float32),
    "count": np.int64([1, -2, 3]),
    "mask": np.array([[True, False], [True, True]]),
    "byte": np.uint8([0, 255]),
    "halves": np.float16([0.5, -1.5]),
    "part": np.float32([[1, 2], [11, 12]]),
}
"""What no step changes, as it must be in every file."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    recipe = tiny(model=Odd(), epochs=1)
    run = Run.create(recipe, out=tmp_path_factory.mktemp("export") / "run")
    Trainer(recipe, run=run).fit()
    return run.path, recipe.model


def same(found, model):
    """Whether a file's arrays are the trained model's, those known beforehand among them."""
    expected = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    assert found.keys() == expected.keys() and "hidden" not in found and "tied.weight" in found
    for name, array in {**expected, **STAYS}.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes() == expected[name].tobytes(), name
    return True


def in_safetensors(path):
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    types = {"F16": "f2", "F32": "f4", "F64": "f8", "I64": "i8", "U8": "u1", "BOOL": "?"}
    found = {}
    for name, about in json.loads(data[8:end]).items():
        first, last = about["data_offsets"]
        found[name] = np.frombuffer(data[end + first : end + last], types[about["dtype"]]).reshape(about["shape"])
    return found


def in_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


@pytest.mark.parametrize(("ending", "read"), [("safetensors", in_safetensors), ("npz", in_npz)])
def test_what_the_bytes_say(run, tmp_path, ending, read):
    folder, model = run
    assert same(read(export(folder, tmp_path / f"w.{ending}")), model)


def test_a_pt_names_nothing_but_tensors(run, tmp_path):
    path, model = export(run[0], tmp_path / "w.pt"), run[1]
    with zipfile.ZipFile(path) as archive:
        content = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    names = {argument for code, argument, _ in pickletools.genops(content["data.pkl"]) if code.name == "GLOBAL"}
    kinds = {f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "Long", "Byte", "Bool")}
    assert names == {"torch._utils _rebuild_tensor_v2", "collections OrderedDict", *kinds}
    raw = [content[f"data/{number}"] for number in range(sum(name.startswith("data/") for name in content))]
    lying = {**STAYS, "turned": STAYS["turned"].T}  # in a .pt with its strides
    assert all(array.tobytes() in raw for array in lying.values())
    assert model.weight.detach().numpy().tobytes() in raw


@pytest.mark.parametrize("ending", ["safetensors", "npz", "pt"])
def test_what_is_loaded_fits_the_model(run, tmp_path, ending):
    folder, model = run
    state = framework.load(export(folder, tmp_path / f"w.{ending}"))
    assert same({name: value.numpy() for name, value in state.items()}, model)
    other = Odd()
    assert str(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other.tied.weight is other.weight and framework.equal(other.weight, model.weight)


def test_a_wrong_ending_and_a_file_that_is_there(run, tmp_path):
    with pytest.raises(UserError, match=r"as \.safetensors, \.npz or \.pt\. Did you mean 'npz'"):
        export(run[0], tmp_path / "w.npy")
    (tmp_path / "w.pt").write_text("mine")
    with pytest.raises(UserError, match="not overwritten without --force"):
        export(run[0], tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_text() == "mine"
    assert export(run[0], tmp_path / "w.pt", replace=True).stat().st_size > 1000
