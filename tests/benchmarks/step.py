"""A training step of logistic regression (32×30 to 1): forward, backward, update, against PyTorch and plain NumPy.

python -m tests.benchmarks.step
"""

from __future__ import annotations

from tests.benchmarks.contest import Contender, contest, table

_STEP = """
torch.manual_seed(0)
model = torch.nn.Linear(30, 1)
loss_function = torch.nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1{options})
x = torch.randn(32, 30)
y = (torch.rand(32, 1) > 0.5).float()

def step():
    optimizer.zero_grad()
    loss = loss_function(model(x), y)
    loss.backward()
    optimizer.step()
"""
_NUMPY = """
import numpy as np
w = np.zeros((1, 30), np.float32); b = np.zeros(1, np.float32)
x = np.random.randn(32, 30).astype(np.float32)
y = (np.random.rand(32, 1) > 0.5).astype(np.float32)

def step():
    global w, b
    z = x @ w.T + b
    loss = np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
    g = (1 / (1 + np.exp(-z)) - y) / 32
    w = w - 0.1 * (g.T @ x)
    b = b - 0.1 * g.sum(0)
"""


def main() -> None:
    """Prints the ratios."""
    for name, options in (("SGD", ""), ("SGD with momentum", ", momentum=0.9")):
        step = _STEP.format(options=options)
        contenders = [
            Contender("framework, eager", "import framework as torch\n" + step, "step()"),
            Contender("torch, eager", "import torch\ntorch.set_num_threads(1)\n" + step, "step()", "torch"),
        ]
        if not options:
            contenders.append(Contender("numpy, allocating", _NUMPY, "step()"))
        table(f"logistic regression 32×30 to 1, {name}", contest(contenders), "torch, eager")


if __name__ == "__main__":
    main()
