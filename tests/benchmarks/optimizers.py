"""An optimizer's step alone, on four parameters with 30 thousand, 0.8 and 4 million numbers, eager and compiled.

python -m tests.benchmarks.optimizers [--sizes NAME ...] [--rounds N]

Beside it: PyTorch, and NumPy by hand on one flat array, in blocks that stay in the cache.
"""

from __future__ import annotations

import argparse

from tests.benchmarks.contest import Contender, contest, table

SIZES = {
    "30k": ((256, 100), (100,), (40, 100), (40,)),
    "0.8M": ((1000, 784), (1000,), (10, 1000), (10,)),
    "4M": ((2000, 1000), (2000,), (1000, 2000), (1000,)),
}
OPTIMIZERS = {"AdamW": "AdamW(parameters)", "SGD with momentum": "SGD(parameters, lr=1e-3, momentum=0.9)"}
_STEP = """
torch.manual_seed(0)
parameters = [torch.nn.Parameter(torch.randn(*shape)) for shape in {shapes}]
for parameter in parameters: parameter.grad = torch.randn(*parameter.shape)
optimizer = torch.optim.{optimizer}
"""
_BY_HAND = """
import math
import numpy as np
size = {size}
p, g, m, v = (np.random.randn(size).astype("f") for _ in range(4))
v *= v
blocks = [tuple(each[at : at + 65536] for each in (p, g, m, v)) for at in range(0, size, 65536)]
work = np.empty((2, min(size, 65536)), np.float32)
count = 0
def number(x): return np.array(x, np.float32)
b1, r1, b2, r2, left, lr = map(number, (0.9, 0.1, 0.999, 0.001, 1 - 1e-5, 1e-3))

def adamw():
    global count
    count += 1
    root = math.sqrt(1 - 0.999**count)
    rate, eps = number(1e-3 * root / (1 - 0.9**count)), number(1e-8 * root)
    for p, g, m, v in blocks:
        one, two = work[:, : len(p)]
        np.multiply(m, b1, m); np.multiply(g, r1, one); np.add(m, one, m)
        np.multiply(v, b2, v); np.multiply(g, r2, one); np.multiply(one, g, one); np.add(v, one, v)
        np.sqrt(v, one); np.add(one, eps, one); np.divide(m, one, one); np.multiply(one, rate, one)
        np.multiply(p, left, p); np.subtract(p, one, p)

def sgd():
    for p, g, m, v in blocks:
        one = work[0, : len(p)]
        np.multiply(m, b1, m); np.add(m, g, m); np.multiply(m, lr, one); np.subtract(p, one, p)
"""


def main() -> None:
    """Prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for name, optimizer in OPTIMIZERS.items():
        for size in chosen.sizes:
            step = _STEP.format(shapes=SIZES[size], optimizer=optimizer)
            framework = "import framework as torch\n" + step
            compiled = "run = torch.compile(lambda: optimizer.step())\nfor _ in range(6): run()"
            numbers = sum(rows * (columns[0] if columns else 1) for rows, *columns in SIZES[size])
            contenders = [
                Contender("framework, eager", framework, "optimizer.step()"),
                Contender("framework, compiled", framework + compiled, "run()"),
                Contender("numpy by hand", _BY_HAND.format(size=numbers), "adamw()" if "Adam" in name else "sgd()"),
                Contender("torch", "import torch\ntorch.set_num_threads(1)\n" + step, "optimizer.step()", "torch"),
            ]
            table(f"{name}, {size} numbers", contest(contenders, rounds=chosen.rounds), "torch")


if __name__ == "__main__":
    main()
