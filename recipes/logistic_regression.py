"""Logistic regression: is a tumour malignant, from 30 measurements of its cells?

    framework train recipes/logistic_regression.py

Expected: a validation accuracy of 0.98 or better after 50 epochs, in under a second.
The data, 569 real patients, is described in data/breast_cancer.LICENSE.txt.
"""

from pathlib import Path

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import TensorDataset, random_split, read_csv

DATA = Path(__file__).parent / "data" / "breast_cancer.csv"


class LogisticRegression(nn.Module):
    """One linear layer over standardised inputs; gives the logit of being malignant."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", framework.zeros(features))
        self.register_buffer("std", framework.ones(features))
        self.linear = nn.Linear(features, 1)

    def standardise(self, inputs: Tensor) -> None:
        """Keep the scale of the training inputs with the model, where prediction finds it."""
        self.mean, self.std = inputs.mean(dim=0), inputs.std(dim=0)
        self.std[self.std == 0] = 1  # a column of one value

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear((inputs - self.mean) / self.std).squeeze(1)


def model(features: int) -> LogisticRegression:
    return LogisticRegression(features)


def dataset(data: Path) -> TensorDataset:
    return read_csv(data, target="malignant").dataset()


def recipe(
    *,
    lr: float = 0.1,
    weight_decay: float = 0.02,
    batch_size: int = 32,
    epochs: int = 50,
    data: Path = DATA,
) -> Recipe:
    """Single-layer logistic regression: is a tumour malignant, from 30 measurements of its cells?"""
    table = read_csv(data, target="malignant")
    train, validation = random_split(table.dataset(), [0.8, 0.2])
    features = len(table.feature_names)
    network = model(features)
    network.standardise(table.features[train.indices])
    return Recipe(
        model=network,
        loss=nn.BCEWithLogitsLoss(),
        optimizer=optim.SGD(network.parameters(), lr=lr, weight_decay=weight_decay),
        train=train,
        validate=validation,
        metrics=["accuracy"],
        batch_size=batch_size,
        epochs=epochs,
        inputs=table.feature_names,
        classes=["benign", "malignant"],
        model_arguments={"features": features},
    )
