"""Write printing.json beside this file: tensors, and the text PyTorch prints for each.

Run with a Python that has torch 2.13; the tests read only the JSON. A case stores its values exactly
(hexadecimal floats, integers) and repeats them cyclically to fill `shape`.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

FLOATS = ("float64", "float32", "float16")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")
NAN, INF = math.nan, math.inf
RAMP = [0.5 * i for i in range(-7, 8)]

cases = []


class Measurement(torch.Tensor):
    """A subclass, which prints its own name."""


def add(values, shape=None, dtype="float32", *, default="float32", grad=None, subclass=None, **options):
    """Record one case; `grad` is "leaf" or a function that makes a tensor with a grad_fn."""
    shape = (len(values),) if shape is None else shape
    array = np.resize(np.array(values, dtype=dtype), shape)
    tensor = torch.from_numpy(array)
    if grad is not None:
        tensor.requires_grad_()
    if callable(grad):
        tensor = grad(tensor)
        values, shape = tensor.detach().numpy().ravel(), tuple(tensor.shape)
    if subclass is not None:
        tensor = tensor.detach().as_subclass(subclass)
    torch.set_default_dtype(getattr(torch, default))
    with torch._tensor_str.printoptions(**options):
        text = repr(tensor)
    torch.set_default_dtype(torch.float32)
    stored = np.asarray(values, dtype=dtype).tolist()
    case = {
        "dtype": dtype,
        "shape": list(shape),
        "values": [value.hex() if isinstance(value, float) else value for value in stored],
        "options": options,
        "arguments": {
            "default_dtype": f"torch.{default}",
            "requires_grad": tensor.requires_grad,
            "grad_fn": None if tensor.grad_fn is None else type(tensor.grad_fn).__name__,
            "name": "tensor" if subclass is None else subclass.__name__,
        },
        "text": text,
    }
    cases.append(case)


def add_notation():
    """Which of the three float notations is chosen, and how wide it is."""
    add([1, 2, 3])
    add([-1, 0, 1])
    add([-0.0, 0.0])
    add([-0.0, 0.5])
    add([-0.0, 1e-9])
    add([0.0] * 30)
    add([0.1552, 0.1812, 0.3326])
    add([0.1, -22.75, 3])
    add([1, 1000])
    add([1, 1001])
    add([1, 1000.5])
    add([0.5, 500])
    add([0.5, 500.5])
    add([1e8])
    add([1.00001e8])
    add([99999999, 99999998], dtype="float64")
    add([16777217, 2], dtype="float64")
    add([1e-4], dtype="float64")
    add([1e-4])
    add([9.9999e-5])
    add([1e-5, 1])
    add([1e300, 1e-300], dtype="float64")
    add([1.7e308, 5e-324], dtype="float64")
    add([1e-40, 1e-45])
    add([3.4e38, -3.4e38])
    add([65504, 6e-8], dtype="float16")
    add([0.1, 0.2], dtype="float16")
    add([0.00005, 0.12345, 0.99995, 9.99995])
    add([0.00005, 0.12345, 0.99995, 9.99995], dtype="float64")
    add([0.5, 1.5, 2.5], precision=0)
    add([NAN])
    add([INF, -INF])
    add([NAN, 1])
    add([NAN, 1.5])
    add([-INF, 0.1])
    add([INF, 0, -0.0, NAN])
    add([NAN, INF, -INF, 1e-7])
    add([NAN, -INF, 123456])
    add([NAN] * 40)
    add([-INF, 0.0] * 20)
    for value in (3, -3, 0, -0.0, 0.1, -2.5, 1e-6, 1e9, 123456789, NAN, -INF):
        add([value], ())


def add_dtypes():
    """Every dtype, with and without its suffix."""
    for dtype in INTEGERS:
        limits = np.iinfo(dtype)
        add([0, 1, limits.max], dtype=dtype)
        add([limits.min, 7], (2, 2), dtype=dtype)
    add([True, False], dtype="bool")
    add([True], (2, 3), dtype="bool")
    add([False], (), dtype="bool")
    add([-5], (), dtype="int64")
    add([200], (), dtype="uint8")
    for dtype in FLOATS:
        for default in FLOATS:
            add([1.5, -2], dtype=dtype, default=default)
    for dtype in ("float32", "float64", "int64", "int32", "bool"):
        add([0], (0,), dtype=dtype)
        add([0], (2, 0, 3), dtype=dtype)
    add([0], (0,), dtype="float64", default="float64")
    add([0], (0,), dtype="float32", default="float64")


def add_layout():
    """Indentation, line breaks and summaries."""
    add(RAMP, (2, 3))
    add(RAMP, (2, 3, 4))
    add(RAMP, (2, 1, 2, 3))
    add(RAMP, (1, 2, 1, 2, 2))
    add(RAMP, (3, 1))
    add(RAMP, (1, 3))
    add([1, 20, -300], (2, 30), dtype="int64")
    add([0.25], (10,))
    add([0.25], (11,))
    add([-0.25], (2, 25))
    add([1e-9, 1], (1, 12))
    add([7], (24,))
    add([0], (25,))
    add([1, 2, 3], (1000,), dtype="int64", linewidth=200)
    add([1, 2, 30000], (1001,), dtype="int64")
    add(RAMP, (1001,))
    add([1, -1000, 3], (7, 200))
    add(RAMP, (6, 300))
    add(RAMP, (7, 9, 20))
    add(RAMP, (300, 2, 2))
    add([1e-6, 2, NAN], (8, 2, 7, 10))
    add([0.5, *[1.5] * 10, 1e9, *[1.5] * 10, 0.5], (23,), threshold=20)
    add([True, False, True], (50, 60), dtype="bool")
    add([3], (3000,), dtype="uint64")


def add_suffixes():
    """`requires_grad`, `grad_fn`, subclasses, and where a suffix starts a new line."""
    add([1, 2], grad="leaf")
    add(RAMP, (5, 3), grad="leaf")
    add(RAMP, (2, 0), grad="leaf")
    add([0.5], (), dtype="float64", grad="leaf")
    add([1, 2], grad=lambda t: t + 1)
    add(RAMP, (2, 3), grad=lambda t: (t + 1).pow(2).t())
    add(RAMP, (3, 3), dtype="float64", grad=lambda t: t @ t)
    add(
        RAMP,
        grad=lambda t: torch.nn.functional.binary_cross_entropy_with_logits(t, torch.ones_like(t)),
    )
    add([0.5], (4, 6), dtype="float64", grad=lambda t: t.exp().view(2, 12).unsqueeze(0))
    add([1, 2], dtype="float64", subclass=Measurement)
    add(RAMP, (3, 12), subclass=Measurement)
    for count in range(3, 11):
        add([0.25], (count,), dtype="float64", grad="leaf")
    for linewidth in (50, 52, 53, 54):
        add([0.25], (3,), grad="leaf", linewidth=linewidth)


def add_options():
    """Every print option, and profiles."""
    values = [0.123456789, -12.5, 3]
    for precision in (0, 1, 2, 8):
        add(values, (2, 3), precision=precision)
        add([1e-8, 1], precision=precision)
    for sci_mode in (True, False):
        add(values, sci_mode=sci_mode)
        add([1, 2, INF], sci_mode=sci_mode)
        add([1e-8, 1e8], dtype="float64", sci_mode=sci_mode)
        add([0.0, NAN], sci_mode=sci_mode)
        add([1, 2], dtype="int64", sci_mode=sci_mode)
    for edgeitems in (0, 1, 2, 5):
        add(RAMP, (7, 9), threshold=10, edgeitems=edgeitems)
        add(RAMP, (40,), threshold=10, edgeitems=edgeitems)
    add([1.5], (), threshold=0, edgeitems=0)
    add([1.5], (2,), edgeitems=0)
    add(RAMP, (60,), threshold=50, edgeitems=20)
    for linewidth in (1, 20, 40, 200):
        add(values, (2, 12), dtype="float64", linewidth=linewidth)
    add(values, (4, 4), profile="short")
    add(values, (40, 40), profile="short")
    add([1, 2, 3], (1010,), dtype="uint8", profile="full", linewidth=400)
    add(values, profile="short", precision=3)
    add(values, profile="default")


add_notation()
add_dtypes()
add_layout()
add_suffixes()
add_options()

lines = ",\n".join(json.dumps(case) for case in cases)
Path(__file__).with_name("printing.json").write_text(f"[\n{lines}\n]\n")
