"""Small random steps: compiled, they are what they are as written, to the last bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import framework
from framework import nn, optim
from framework.compiler import CompileWarning, compile
from framework.nn import functional as F
from tests.compiler.models import Training, bits

CALLS = 4

# Of two of the values so far, two indices that are given, and a dimension. A line that raises for the shapes it meets
# is left out; what gives None has written to `a`.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b, i, d: a + b,
    "subtract": lambda a, b, i, d: 1 - a * b,
    "divide": lambda a, b, i, d: a / (b.abs() + 1),
    "power": lambda a, b, i, d: a**2,
    "negate": lambda a, b, i, d: -a,
    "exp": lambda a, b, i, d: a.clamp(max=2).exp(),
    "log": lambda a, b, i, d: (a.square() + 0.1).log(),
    "tanh": lambda a, b, i, d: a.tanh(),
    "relu": lambda a, b, i, d: F.relu(a),
    "sigmoid": lambda a, b, i, d: a.sigmoid(),
    "maximum": lambda a, b, i, d: framework.maximum(a, b),
    "where": lambda a, b, i, d: framework.where(a > b, a, b),
    "compare": lambda a, b, i, d: (a > 0).float(),
    "lerp": lambda a, b, i, d: a.lerp(b, 0.3),
    "double": lambda a, b, i, d: a.double(),
    "detach": lambda a, b, i, d: a.detach(),
    "clone": lambda a, b, i, d: a.clone(),
    "sum": lambda a, b, i, d: a.sum(),
    "sum of": lambda a, b, i, d: a.sum(d),
    "mean": lambda a, b, i, d: a.mean(d, keepdim=True),
    "var": lambda a, b, i, d: a.var(d, unbiased=False),
    "amax": lambda a, b, i, d: a.amax(d),
    "max": lambda a, b, i, d: a.max(d, keepdim=True).values,
    "norm": lambda a, b, i, d: (a.square().sum(d) + 0.1).sqrt(),
    "softmax": lambda a, b, i, d: a.softmax(d),
    "logsumexp": lambda a, b, i, d: a.logsumexp(d),
    "cumsum": lambda a, b, i, d: a.cumsum(d),
    "argmax": lambda a, b, i, d: a.take_along_dim(a.argmax(d, keepdim=True), d),
    "matmul": lambda a, b, i, d: a @ b,
    "matmul, turned": lambda a, b, i, d: a @ b.transpose(0, -1),
    "linear": lambda a, b, i, d: F.linear(a, b),
    "transpose": lambda a, b, i, d: a.transpose(0, -1),
    "flatten": lambda a, b, i, d: a.reshape(-1),
    "unsqueeze": lambda a, b, i, d: a.unsqueeze(d),
    "squeeze": lambda a, b, i, d: a.squeeze(d),
    "expand": lambda a, b, i, d: a.expand(2, *a.shape),
    "flip": lambda a, b, i, d: a.flip(d),
    "cat": lambda a, b, i, d: framework.cat([a, b], d),
    "stack": lambda a, b, i, d: framework.stack([a, b], d),
    "first": lambda a, b, i, d: a[0],
    "slice": lambda a, b, i, d: a[..., 1:],
    "every other": lambda a, b, i, d: a[::2],
    "constant index": lambda a, b, i, d: a[[1, 0, 1]],
    "given index": lambda a, b, i, d: a[i],
    "index_select": lambda a, b, i, d: a.index_select(d, i),
    "index_add": lambda a, b, i, d: a.index_add(0, i, b[:2]),
    "masked_fill": lambda a, b, i, d: a.masked_fill(a > 0.5, 0.5),
    "dropout": lambda a, b, i, d: F.dropout(a, 0.4),
    "noise": lambda a, b, i, d: a + framework.rand_like(a),
    "add_": lambda a, b, i, d: a.add_(b, alpha=0.5),
    "mul_": lambda a, b, i, d: a.mul_(0.5),
    "relu_": lambda a, b, i, d: a.relu_(),
    "copy_": lambda a, b, i, d: a.copy_(b),
    "mul_ a view": lambda a, b, i, d: a.transpose(0, -1)[:1].mul_(2),
    "set a constant": lambda a, b, i, d: a.__setitem__((..., 0), 0.5),
    "set given": lambda a, b, i, d: a.__setitem__(i, b),
}
WRITING = [*OPERATIONS][-7:]

SHAPES = [(2, 3), (2, 3), (3,), (1, 3), (2, 1), (3, 3), (), (2,), (0, 3), (1,), (2, 2, 3)]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"momentum": 0.5, "dampening": 0.1, "maximize": True},
    {"weight_decay": 0.1},
]

Line = tuple[str, int, int, int]

lines = st.tuples(st.sampled_from([*OPERATIONS]), st.integers(0, 15), st.integers(0, 15), st.integers(-2, 1))


@st.composite
def programs(draw: Any) -> dict[str, Any]:
    shapes = st.sampled_from(SHAPES)
    given = draw(st.lists(shapes, min_size=2, max_size=3))
    program = {
        "inputs": given,
        "parameters": draw(st.lists(shapes, min_size=1, max_size=2)),
        "lines": draw(st.lists(lines, min_size=3, max_size=10)),
        "losses": draw(st.lists(st.integers(0, 15), min_size=1, max_size=3)),
        "results": draw(st.lists(st.integers(0, 15), max_size=2)),
        "form": draw(st.sampled_from(["step", "step", "accumulate", "outside", "sum outside"])),
        "options": draw(st.sampled_from(OPTIONS)),
        "seed": draw(st.integers(0, 1000)),
    }
    program["lines"] = possible(program)
    return program


def possible(program: dict[str, Any]) -> list[Line]:
    """The lines that neither raise nor warn as they are written, and that give little."""
    values, kept = [*parameters_of(program), *batch_of(program, 0)], []
    index, first = values.pop(), len(values)
    for line in program["lines"]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = evaluate(line, values, index, first)
        except Exception:
            continue
        if found.numel() <= 60:
            values.append(found)
            kept.append(line)
    return kept


def evaluate(line: Line, values: list[Any], index: Any, first: int) -> Any:
    """What a line gives. What it writes is no parameter and no argument, but it may be a view of one."""
    name, one, two, dimension = line
    a, b = values[-1 - one % len(values)], values[-1 - two % len(values)]
    if name in WRITING and any(a is each for each in values[:first]):
        a = a.clone()
    found = OPERATIONS[name](a, b, index, dimension)
    return a if found is None else found


def parameters_of(program: dict[str, Any]) -> list[Any]:
    random = np.random.default_rng(program["seed"])
    return [nn.Parameter(framework.tensor(random.normal(size=shape).astype("f"))) for shape in program["parameters"]]


def batch_of(program: dict[str, Any], number: int) -> list[Any]:
    random = np.random.default_rng([program["seed"], number])
    arrays = [np.asarray(random.normal(size=shape), "f") for shape in program["inputs"]]
    return [framework.from_numpy(each) for each in (*arrays, random.integers(2, size=2))]


def history(program: dict[str, Any], wrap: Callable[..., Any]) -> tuple[Any, list[Any]]:
    """What each call of a program gave and left behind."""
    framework.manual_seed(program["seed"])
    parameters, form = parameters_of(program), program["form"]
    optimizer = optim.SGD(parameters, lr=0.1, **program["options"])

    def function(*given: Any) -> Any:
        *values, index = [*parameters, *given]
        first = len(values)
        if form == "step":
            optimizer.zero_grad()
        for line in program["lines"]:
            values.append(evaluate(line, values, index, first))
        losses = [values[-1 - each % len(values)].mean() for each in program["losses"]]
        losses[0] = losses[0] + sum([each.sum() for each in parameters])
        results = [values[-1 - each % (len(values) - first)] for each in program["results"] if len(values) > first]
        if "outside" in form:
            return losses, results
        sum(losses).backward()
        optimizer.step()
        return losses[0].detach(), results

    step, found = wrap(function), []
    for number in range(CALLS):
        batch = batch_of(program, number)
        try:
            result = step(*batch)
            found.append(bits(result))
            if "outside" in form:
                (result[0][0] if form == "outside" else sum(result[0])).backward()
                optimizer.step()
        except Exception as error:
            found.append((type(error), str(error)))
        found.append(Training(function, optimizer, *parameters, *batch).state())
    return step, found


def check(program: dict[str, Any]) -> None:
    """Both agree, and no disagreement was met and mended on the way."""
    _, expected = history(program, lambda function: function)
    with warnings.catch_warnings():
        # What no program can repeat is drawn now and then: a mask's count, an index that is computed.
        warnings.simplefilter("ignore", CompileWarning)
        compiled, found = history(program, compile)
    for number, (one, two) in enumerate(zip(expected, found, strict=True)):
        assert one == two, f"call {number // 2}"
    assert "disagrees" not in str(compiled.eager)
    assert "no program could be written" not in str(compiled.eager)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(programs())
def test_random_steps(program: dict[str, Any]) -> None:
    check(program)
