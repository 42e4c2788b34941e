"""An LSTM that forecasts a series: carbon dioxide in the air of Mauna Loa, a month ahead.

    framework train recipes/lstm.py

Expected: on the last 101 months, which are kept for validation, a mean absolute error of 0.26 or less parts per million
(0.250, 0.246 and 0.248 from seeds 0 to 2). The last month's value is 1.13 off; with the change of a year before, 0.32.
The data, 526 months from 1958 on, is described in data/co2.LICENSE.txt.
"""

import csv
from pathlib import Path

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import Subset, TensorDataset
from framework.extend import UserError

DATA = Path(__file__).parent / "data" / "co2.csv"


class Forecaster(nn.Module):
    """Reads the months of a window one by one and says what the next one adds to the last."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", framework.zeros(()))
        self.register_buffer("std", framework.ones(()))
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def standardise(self, changes: Tensor) -> None:
        """Keep the scale of the training months' changes with the model, where prediction finds it."""
        self.mean, self.std = changes.mean(), changes.std()

    def forward(self, window: Tensor) -> Tensor:
        changes = (window.diff(dim=1) - self.mean) / self.std
        states, _ = self.lstm(changes.unsqueeze(2))
        change = self.linear(states[:, -1]).squeeze(1)
        return window[:, -1] + change * self.std + self.mean


def model(hidden: int) -> Forecaster:
    return Forecaster(hidden)


def dataset(data: Path, window: int) -> TensorDataset:
    """Each window of months in a row, and the month after it, in parts per million."""
    with data.open(newline="") as file:
        series = framework.tensor([float(row["co2"]) for row in csv.DictReader(file)])
    if len(series) <= window:
        raise UserError(
            f"{data} is too short: a window of {window} months and the one after it take {window + 1}, and it has {len(series)}."
        )
    windows = series.unfold(0, window + 1, 1)
    return TensorDataset(windows[:, :-1], windows[:, -1])


def recipe(
    *,
    window: int = 24,
    hidden: int = 32,
    lr: float = 0.005,
    batch_size: int = 16,
    epochs: int = 60,
    data: Path = DATA,
) -> Recipe:
    """LSTM: carbon dioxide in the air of Mauna Loa, forecast a month ahead."""
    months = dataset(data, window)
    first = len(months) * 4 // 5  # what comes later was not known when the model was made
    windows, _ = months[:first]
    network = model(hidden)
    network.standardise(windows.diff(dim=1))
    optimizer = optim.Adam(network.parameters(), lr=lr)
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optimizer,
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        train=Subset(months, range(first)),
        validate=Subset(months, range(first, len(months))),
        metrics=["mae"],
        batch_size=batch_size,
        epochs=epochs,
        inputs=[f"month{-back}" for back in range(window, 0, -1)],
    )
