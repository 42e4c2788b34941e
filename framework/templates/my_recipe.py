"""my_recipe: does a point lie inside a ring, or outside of it?

    framework train my_recipe.py

Expected: a validation accuracy of about 0.95 after 20 epochs (0.960 from seed 0; 0.925 and 0.965 from 1 and 2).
"""

from pathlib import Path

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import TensorDataset, random_split, read_csv

INPUTS = ["x", "y"]
CLASSES = ["outside", "inside"]


class Network(nn.Module):
    """Two hidden layers; gives a number for each class, the largest for the likeliest."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(len(INPUTS), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, len(CLASSES)),
        )

    def forward(self, points: Tensor) -> Tensor:
        return self.layers(points)


def model(hidden: int) -> Network:
    """The network, untrained: `framework predict` makes it again by this, without the data."""
    return Network(hidden)


def dataset(data: Path | None) -> TensorDataset:
    """The rows of a CSV file with the columns x, y and inside (0 or 1); points drawn at random, where there is no file."""
    if data is not None:
        points, inside = read_csv(data, target="inside").dataset().tensors
    else:
        points = 2 * framework.rand(1000, 2) - 1
        distance = points.norm(dim=1)
        inside = (distance > 0.4) & (distance < 0.8)
    return TensorDataset(points, inside.long())


def recipe(
    *,
    hidden: int = 32,
    lr: float = 0.01,
    batch_size: int = 32,
    epochs: int = 20,
    data: Path | None = None,
) -> Recipe:
    """Does a point lie inside a ring, or outside of it?"""
    train, validation = random_split(dataset(data), [0.8, 0.2])
    network = model(hidden)
    return Recipe(
        model=network,
        loss=nn.CrossEntropyLoss(),
        optimizer=optim.Adam(network.parameters(), lr=lr),
        train=train,
        validate=validation,
        metrics=["accuracy"],
        batch_size=batch_size,
        epochs=epochs,
        inputs=INPUTS,
        classes=CLASSES,
    )
