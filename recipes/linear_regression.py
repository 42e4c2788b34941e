"""Linear regression by LBFGS: what does a penguin weigh, by its species, sex, bill and flipper?

    framework train recipes/linear_regression.py

Expected: the least-squares solution, as `numpy.linalg.lstsq` has it, in three epochs of one batch: a root mean squared
error of 275 g on the training penguins and 322 g on the others (seeds 1 and 2: 288 and 274, 293 and 251).
The data, 333 real penguins, is described in data/penguins.LICENSE.txt; a fifth, drawn by the seed, is kept for validation.
"""

from pathlib import Path

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import TensorDataset, random_split, read_csv

DATA = Path(__file__).parent / "data" / "penguins.csv"


class LinearRegression(nn.Module):
    """One linear layer between standardised inputs and a standardised target."""

    def __init__(self, features: int) -> None:
        super().__init__()
        for name, size in (("mean", features + 1), ("std", features + 1)):
            self.register_buffer(name, framework.ones(size))
        self.linear = nn.Linear(features, 1)

    def standardise(self, inputs: Tensor, target: Tensor) -> None:
        """Keep the scales of the training data with the model, where prediction finds them."""
        columns = framework.cat([inputs, target.unsqueeze(1)], dim=1)
        self.mean, self.std = columns.mean(dim=0), columns.std(dim=0)

    def forward(self, inputs: Tensor) -> Tensor:
        standard = self.linear((inputs - self.mean[:-1]) / self.std[:-1]).squeeze(1)
        return standard * self.std[-1] + self.mean[-1]


def model(features: int) -> LinearRegression:
    return LinearRegression(features)


def dataset(data: Path) -> TensorDataset:
    return read_csv(data, target="body_mass_g").dataset()


def recipe(*, history: int = 10, epochs: int = 3, data: Path = DATA) -> Recipe:
    """Linear regression by LBFGS: what does a penguin weigh, by its species, sex, bill and flipper?"""
    table = read_csv(data, target="body_mass_g")
    train, validation = random_split(table.dataset(), [0.8, 0.2])
    features = len(table.feature_names)
    network = model(features)
    inputs, weights = table.dataset()[train.indices]
    network.standardise(inputs, weights)
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optim.LBFGS(network.parameters(), history_size=history, line_search_fn="strong_wolfe"),
        train=train,
        validate=validation,
        metrics=["rmse"],
        batch_size=len(train),
        epochs=epochs,
        inputs=table.feature_names,
        model_arguments={"features": features},
    )
