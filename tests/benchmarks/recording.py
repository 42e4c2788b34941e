"""What recording an operation costs over its NumPy call, and small operations against PyTorch.

python -m tests.benchmarks.recording
"""

from __future__ import annotations

from tests.benchmarks.contest import Contender, contest, table

_NUMPY = "import numpy as np; a = np.ones(3, np.float32); b = np.ones(3, np.float32); add = np.add; mul = np.multiply"
_OURS = (
    "import framework as torch; a = torch.ones(3, requires_grad=True); b = torch.ones(3, requires_grad=True); "
    "no_grad = torch.no_grad"
)
_TORCH = "import torch; torch.set_num_threads(1); " + _OURS.split(";", 1)[1]
_CASES = {
    "add": ("a + b", "add(a, b)"),
    "mul": ("a * b", "mul(a, b)"),
    "scalar mul": ("a * 2.0", "mul(a, 2.0)"),
    "exp": ("a.exp()", "np.exp(a)"),
    "sum": ("a.sum()", "np.add.reduce(a)"),
    "reshape": ("a.reshape(3, 1)", "a.reshape(3, 1)"),
    "index": ("a[0]", "a[0]"),
    "chain, backward": ("(a * b + a).sum().backward()", None),
}


def main() -> None:
    """Prints a table for each operation."""
    for name, (statement, numpy_statement) in _CASES.items():
        contenders = [Contender("framework", _OURS, statement), Contender("torch", _TORCH, statement, "torch")]
        if numpy_statement is not None:
            contenders.insert(0, Contender("numpy", _NUMPY, numpy_statement))
        times = contest(contenders)
        table(f"{name}: {statement}", times, "torch")
        if "numpy" in times:
            print(f"  recording costs {(times['framework'] - times['numpy']) / 1e3:.2f} µs over the NumPy call")


if __name__ == "__main__":
    main()
