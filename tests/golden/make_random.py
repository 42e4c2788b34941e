"""Write random.json beside this file: streams of random draws, and digests of what PyTorch draws.

Run with a Python that has torch 2.13, on x86-64 with AVX2; the tests read only the JSON. A draw is
[kind, dtype, size, arguments, digest of the bytes]; a stream mixes kinds, since some leave a number for
others to find, and ends with a digest of the generator's state. Errors are recorded the same way.
"""

import base64
import hashlib
import json
import random
import warnings
import zlib
from pathlib import Path

import torch

SIZES = (0, 1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 100, 1000, 1001)
SEEDS = (0, 1, 2, 3, 42, 569, 1234567, 2**32 + 5, 2**63 - 1, 2**64 - 1, -1, -(2**63))
DRAWS = 50


def weights(size, dtype):
    """Numbers in (0, 1), the same on both sides; 37 and 101 share no factor."""
    return ((torch.arange(size) * 37 % 101 + 1).double() / 103).to(dtype)


def empty(size, dtype):
    return torch.empty(size, dtype=dtype)


def strided(size, dtype):
    return torch.empty(size, 2, dtype=dtype)[:, 0]


CALLS = {
    "uniform": lambda g, n, d, low, high: empty(n, d).uniform_(low, high, generator=g),
    "normal": lambda g, n, d, mean, std: empty(n, d).normal_(mean, std, generator=g),
    "normal strided": lambda g, n, d, mean, std: strided(n, d).normal_(mean, std, generator=g),
    "normal like": lambda g, n, d: torch.normal(-weights(n, d), weights(n, d), generator=g),
    "normal mean": lambda g, n, d, std: torch.normal(weights(n, d), std, generator=g),
    "normal std": lambda g, n, d, mean: torch.normal(mean, weights(n, d), generator=g),
    "integers": lambda g, n, d, low, high: empty(n, d).random_(low, high, generator=g),
    "random_full": lambda g, n, d: empty(n, d).random_(generator=g),
    "permutation": lambda g, n, d: torch.randperm(n, dtype=d, generator=g),
    "bernoulli": lambda g, n, d, p: empty(n, d).bernoulli_(p, generator=g),
    "bernoulli_array": lambda g, n, d: torch.bernoulli(weights(n, d), generator=g).bool(),
    "exponential": lambda g, n, d, rate: empty(n, d).exponential_(rate, generator=g),
    "cauchy": lambda g, n, d, median, sigma: empty(n, d).cauchy_(median, sigma, generator=g),
    "log_normal": lambda g, n, d, mean, std: empty(n, d).log_normal_(mean, std, generator=g),
    "geometric": lambda g, n, d, p: empty(n, d).geometric_(p, generator=g),
    "multinomial": lambda g, n, d, k, replacement: torch.multinomial(weights(n, d), k, replacement, generator=g),
    "multinomial of": lambda g, n, d, p, k, replacement: torch.multinomial(
        torch.tensor(p, dtype=d), k, replacement, generator=g
    ),
    "normal like of": lambda g, n, d, mean, std: torch.normal(
        torch.tensor(mean, dtype=d), torch.tensor(std, dtype=d), generator=g
    ),
    "bernoulli_array of": lambda g, n, d, p: torch.bernoulli(torch.tensor(p, dtype=d), generator=g),
}

FLOATS = ("float32", "float64", "float16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
# (kind, dtypes, choices of arguments); one is chosen at random for each draw.
MENU = [
    ("uniform", FLOATS, [(0, 1), (-0.18257418583505536, 0.18257418583505536), (-3.3, 17.1), (2, 2)]),
    ("uniform", FLOATS, [(0, 1), (0, 0.3), (1000, 1000.001)]),
    ("normal", FLOATS, [(0, 1), (0, 0.02), (0.3, 1.7), (-2, 0)]),
    ("normal", FLOATS, [(0, 1)]),
    ("normal strided", FLOATS, [(0, 1), (0.3, 1.7)]),
    ("normal like", FLOATS, [()]),
    ("normal mean", FLOATS, [(1.7,)]),
    ("normal std", FLOATS, [(1.7,)]),
    ("integers", INTEGERS + FLOATS, [(0, 10), (5, 6), (0, 64), (3, 127)]),
    ("integers", ("int64", "float64", "float32"), [(-100, 100), (-(2**23), 2**24)]),
    ("integers", ("int64",), [(0, 2**28 - 1), (0, 2**28), (-(2**63), 2**63 - 1), (7, None), (-(2**63), None)]),
    ("integers", ("float32",), [(0, 2**30 - 1), (2**24 + 1, 2**26), (-(2**25) - 1, 0)]),
    ("integers", ("float16",), [(0, 5000), (-5001, 2049)]),
    ("random_full", INTEGERS + FLOATS + ("bool",), [()]),
    ("permutation", ("int64", "int32", "int16", "float32", "float64"), [()]),
    ("bernoulli", ("bool",), [(0.5,), (0.9,), (1 / 3,), (0,), (1,)]),
    ("bernoulli_array", FLOATS, [()]),
    ("exponential", FLOATS, [(1,), (0.3,)]),
    ("cauchy", FLOATS, [(0, 1), (-1.3, 0.7)]),
    ("log_normal", FLOATS, [(1, 2), (0, 0.3)]),
    ("geometric", FLOATS + ("int64", "int32"), [(0.1,), (0.9,)]),
    ("multinomial", ("float32", "float64"), [(1, False), (1, True), (2, False), (7, True)]),
]  # fmt: skip
# Past the sizes above: more than a block of numbers, and permutations of the sizes that training uses.
LONG = [
    ("normal", "float32", 70001, (0, 1)),
    ("normal", "float64", 70001, (0.3, 1.7)),
    ("uniform", "float32", 70001, (-0.1, 0.1)),
    ("uniform", "float64", 70001, (-0.1, 0.3)),
    ("bernoulli", "bool", 70001, (0.8,)),
    ("integers", "int64", 70001, (0, 1000)),
    ("permutation", "int64", 569, ()),
    ("permutation", "int64", 60000, ()),
    ("permutation", "int8", 128, ()),
    ("permutation", "uint8", 256, ()),
    ("multinomial", "float64", 101, (101, False)),
]

# All the words of one state of the engine, and no more.
ONE_BLOCK = [("uniform", "float32", 624, (0, 1))]

REFUSED = [
    ("uniform", "float32", 3, (2, 1)),
    ("uniform", "float32", 3, (2.5, 1.25e-7)),
    ("uniform", "float32", 3, (0, 1e39)),
    ("uniform", "float64", 3, (float("nan"), 1)),
    ("uniform", "float16", 3, (-60000, 60000)),
    ("uniform", "float32", 3, (-3e38, 3e38)),
    ("uniform", "int64", 3, (0, 1)),
    ("normal", "float32", 3, (0, -1)),
    ("normal", "float32", 0, (0, -1.5)),
    ("normal", "float32", 3, (0, float("nan"))),
    ("normal", "int32", 3, (0, 1)),
    ("normal mean", "float32", 3, (-1.5,)),
    ("normal like of", "float32", 0, ([0.0, 0.0], [1.0, -1.0])),
    ("normal like of", "float32", 0, ([0.0, 0.0], [1.0, 1.0, 1.0])),
    ("normal like of", "int64", 0, ([0], [1])),
    ("integers", "int64", 3, (5, 5)),
    ("integers", "int64", 3, (5, 3)),
    ("integers", "uint8", 3, (0, 300)),
    ("integers", "uint8", 3, (-1, 3)),
    ("integers", "bool", 3, (0, 3)),
    ("integers", "int8", 0, (0, 1000)),
    ("integers", "int16", 3, (0, 2**40)),
    ("integers", "int32", 3, (-(2**40), 0)),
    ("integers", "float16", 3, (0, 70000)),
    ("integers", "float16", 3, (70000, 80000)),
    ("integers", "int32", 3, (-(2**63), None)),
    ("integers", "float32", 3, (2**25, None)),
    ("random_full", "uint16", 3, ()),
    ("permutation", "int64", -1, ()),
    ("permutation", "uint8", 300, ()),
    ("permutation", "int8", 129, ()),
    ("permutation", "float16", 2050, ()),
    ("permutation", "float32", 2**24 + 2, ()),
    ("permutation", "bool", 2, ()),
    ("bernoulli", "bool", 3, (1.5,)),
    ("bernoulli", "bool", 0, (-0.25,)),
    ("bernoulli", "bool", 3, (float("nan"),)),
    ("bernoulli_array of", "float32", 0, ([0.5, 1.5],)),
    ("bernoulli_array of", "float32", 0, ([0.5, float("nan")],)),
    ("bernoulli_array of", "int64", 0, ([0, 1],)),
    ("exponential", "float32", 3, (0,)),
    ("exponential", "float32", 3, (-1,)),
    ("exponential", "int64", 3, (1,)),
    ("cauchy", "float32", 3, (0, -1.5)),
    ("cauchy", "int16", 3, (0, 1)),
    ("log_normal", "float32", 3, (0, 0)),
    ("log_normal", "int32", 3, (1, 2)),
    ("geometric", "float32", 3, (0,)),
    ("geometric", "float32", 3, (1.5,)),
    ("geometric", "bool", 3, (0.5,)),
    ("multinomial", "float32", 3, (4, False)),
    ("multinomial", "float32", 3, (0, False)),
    ("multinomial of", "float32", 0, ([0.0, 0.0], 1, False)),
    ("multinomial of", "float32", 0, ([[1.0, 0.0], [0.0, 0.0]], 2, True)),
    ("multinomial of", "float32", 0, ([1.0, -1.0], 1, True)),
    ("multinomial of", "float32", 0, ([1.0, -1.0], 2, True)),
    ("multinomial of", "float32", 0, ([1.0, float("nan")], 1, False)),
    ("multinomial of", "float32", 0, ([1.0, float("inf")], 2, True)),
    ("multinomial of", "float32", 0, ([[[1.0]]], 1, False)),
    ("multinomial of", "int64", 0, ([1, 2], 1, False)),
]


def digest(tensor):
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()[:12]


def draw(generator, kind, dtype, size, arguments):
    return CALLS[kind](generator, size, getattr(torch, dtype), *arguments)


def stream(seed, menu):
    generator = torch.Generator().manual_seed(seed)
    draws = [[*each, digest(draw(generator, *each))] for each in menu]
    return {"seed": seed, "draws": draws, "state": digest(generator.get_state())}


def mixed(seed):
    choose = random.Random(seed)
    for _ in range(DRAWS):
        kind, dtypes, choices = choose.choice(MENU)
        size = choose.choice(SIZES)
        size = max(size, 2) if kind == "multinomial" else size
        yield kind, choose.choice(dtypes), size, choose.choice(choices)


def refusal(kind, dtype, size, arguments):
    try:
        draw(torch.Generator(), kind, dtype, size, arguments)
    except Exception as error:
        text = str(error).split("\n")[0].split("  (Could")[0].rstrip(".")
        return [kind, dtype, size, arguments, type(error).__name__, text]
    raise AssertionError(f"torch draws {kind} {dtype} {size} {arguments}")


def first_values():
    """Values to look at when a digest differs."""
    generator = torch.Generator().manual_seed(0)
    draws = [
        ("uniform", "float32", 3, (0, 1)),
        ("uniform", "float64", 3, (0, 1)),
        ("normal", "float32", 3, (0, 1)),
        ("normal", "float32", 16, (0, 1)),
        ("normal", "float64", 16, (0, 1)),
        ("permutation", "int64", 10, ()),
    ]
    return [[*each, draw(generator, *each).tolist()] for each in draws]


def resumed():
    """A state with a kept normal, and what is drawn from it."""
    generator = torch.Generator().manual_seed(5)
    torch.randn(3, generator=generator)
    state = base64.b64encode(zlib.compress(generator.get_state().numpy().tobytes())).decode()
    draws = [("normal", "float64", 2, (0, 1)), ("uniform", "float32", 700, (0, 1))]
    return [state, [[*each, digest(draw(generator, *each))] for each in draws]]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    golden = {
        "torch": torch.__version__,
        "values": first_values(),
        "streams": [
            *(stream(seed, mixed(seed)) for seed in SEEDS),
            stream(7, LONG),
            stream(8, []),
            stream(9, ONE_BLOCK),
        ],
        "refused": [refusal(*each) for each in REFUSED],
        "resumed": resumed(),
    }
    lines = [
        f'"torch": {json.dumps(golden["torch"])}',
        *(
            f'"{name}": [\n' + ",\n".join(json.dumps(each) for each in golden[name]) + "\n]"
            for name in ("values", "streams", "refused", "resumed")
        ),
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (Path(__file__).parent / "random.json").write_text(text)
