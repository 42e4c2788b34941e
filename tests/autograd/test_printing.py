"""Printed tensors equal PyTorch's, to the character."""

import json
from pathlib import Path

import numpy as np
import pytest

from framework.autograd.printing import (
    get_printoptions,
    printoptions,
    set_printoptions,
    size_text,
    tensor_text,
)

CASES = json.loads((Path(__file__).parent.parent / "golden" / "printing.json").read_text())
DEFAULTS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


@pytest.fixture(autouse=True)
def default_options():
    yield
    set_printoptions(profile="default")


def golden_array(case):
    values = [float.fromhex(value) if isinstance(value, str) else value for value in case["values"]]
    return np.resize(np.array(values, dtype=case["dtype"]), case["shape"])


def case_name(case):
    options = "-".join(f"{name}={value}" for name, value in case["options"].items())
    return f"{case['dtype']}-{'x'.join(map(str, case['shape']))}-{options}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_text_is_pytorchs(case):
    with printoptions(**case["options"]):
        assert tensor_text(golden_array(case), **case["arguments"]) == case["text"]


@pytest.mark.parametrize("case", [case for case in CASES if len(case["shape"]) > 1][:20], ids=case_name)
def test_strides_do_not_matter(case):
    array = golden_array(case)
    fortran = np.asfortranarray(array)
    reversed_twice = np.flip(np.flip(array).copy())
    fortran.flags.writeable = reversed_twice.flags.writeable = False
    with printoptions(**case["options"]):
        assert tensor_text(fortran, **case["arguments"]) == case["text"]
        assert tensor_text(reversed_twice, **case["arguments"]) == case["text"]


def test_a_summary_reads_only_what_it_shows():
    # A million times a million elements over one float: reading them all would not end.
    endless = np.broadcast_to(np.float32(0.5), (10**6, 10**6))
    row = "0.5000, 0.5000, 0.5000,  ..., 0.5000, 0.5000, 0.5000"
    lines = tensor_text(endless).splitlines()
    assert lines == [
        f"tensor([[{row}],",
        *[f"        [{row}],"] * 2,
        "        ...,",
        *[f"        [{row}],"] * 2,
        f"        [{row}]])",
    ]


def test_dtype_name_can_be_given():
    array = np.array([1.0, 2.0], dtype=np.float32)
    assert tensor_text(array, dtype="torch.bfloat16") == "tensor([1., 2.], dtype=torch.bfloat16)"
    assert tensor_text(array, dtype="torch.bfloat16", default_dtype="torch.bfloat16") == "tensor([1., 2.])"


def test_grad_fn_takes_the_place_of_requires_grad():
    text = tensor_text(np.ones(2, np.float32), requires_grad=True, grad_fn="AddBackward0")
    assert text == "tensor([1., 1.], grad_fn=<AddBackward0>)"


def test_options_stay_until_changed_but_sci_mode():
    assert get_printoptions() == DEFAULTS
    set_printoptions(precision=2, sci_mode=True)
    assert tensor_text(np.array([1.5], np.float32)) == "tensor([1.50e+00])"
    set_printoptions(linewidth=100)
    assert get_printoptions() == DEFAULTS | {"precision": 2, "linewidth": 100}
    set_printoptions(profile="unheard of")
    assert get_printoptions() == DEFAULTS | {"precision": 2, "linewidth": 100}


def test_profiles():
    set_printoptions(profile="short", linewidth=60)
    assert get_printoptions() == DEFAULTS | {"precision": 2, "edgeitems": 2, "linewidth": 60}
    set_printoptions(profile="full")
    assert get_printoptions() == DEFAULTS | {"threshold": float("inf")}
    assert "..." not in tensor_text(np.zeros(5000))


def test_printoptions_puts_back_what_was_set():
    set_printoptions(precision=6, sci_mode=False)
    before = get_printoptions()
    with pytest.raises(KeyError), printoptions(profile="short", sci_mode=True):
        assert get_printoptions()["precision"] == 2
        set_printoptions(threshold=1)
        raise KeyError
    assert get_printoptions() == before
    set_printoptions(**before)
    assert get_printoptions() == before


def test_size_text():
    assert size_text((2, 3)) == "torch.Size([2, 3])"
    assert size_text(()) == "torch.Size([])"
