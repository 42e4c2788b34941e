"""What my-plugin is like in use: a curve through noisy points.

    framework train example.py

Expected: a validation loss of about 0.015, of which the noise is 0.005.
"""

import framework
from framework import Recipe, Tensor, nn
from framework.data import TensorDataset

from framework_my_plugin import swish


class Network(nn.Module):
    """One hidden layer, whose activation has a shape that is trained too."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(1, hidden), nn.Linear(hidden, 1)
        self.beta = nn.Parameter(framework.ones(hidden))

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(swish(self.inner(x), self.beta))


def model(hidden: int) -> Network:
    return Network(hidden)


def points(number: int) -> TensorDataset:
    x = 6 * framework.rand(number, 1) - 3
    return TensorDataset(x, framework.sin(x) + 0.1 * framework.randn(number, 1))


def recipe(*, hidden: int = 16, lr: float = 0.05, momentum: float = 0.9, epochs: int = 30) -> Recipe:
    """A curve through noisy points."""
    return Recipe(
        model=model(hidden),
        loss="my_plugin_log_cosh",
        optimizer="my_plugin_heavy_ball",
        train=points(200),
        validate=points(100),
        epochs=epochs,
        inputs=["x"],
    )
