"""A variational autoencoder: learns to draw digits of 8 × 8 points (Kingma and Welling, 2014).

    framework train recipes/vae.py

Expected: a validation loss of 22.7 or less after 60 epochs (22.6, 22.6 and 22.4 from seeds 0 to 2): nats an image, its code
taken at the mean. At the end it draws digits that nobody wrote, as text.
The data, 1,797 digits that 13 people wrote, is described in data/digits.LICENSE.txt; a fifth of it, drawn by the seed, is
kept for validation.
"""

from pathlib import Path
from typing import Any

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import TensorDataset, random_split, read_csv
from framework.extend import Trainer, hookimpl

DATA = Path(__file__).parent / "data" / "digits.csv"
SHADES = " .:-=+*#%@"


class VAE(nn.Module):
    """An encoder to the mean and log-variance of a code, and a decoder to the logit of each point."""

    def __init__(self, hidden: int, code: int) -> None:
        super().__init__()
        self.code = code
        self.encoder = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 2 * code))
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 64))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        noise = framework.randn_like(mean) if self.training else 0.0
        return self.decoder(mean + noise * (log_variance / 2).exp()), mean, log_variance


def model(hidden: int, code: int) -> VAE:
    return VAE(hidden, code)


def dataset(data: Path) -> TensorDataset:
    """The images, as rows of 64 numbers from 0 to 1."""
    return TensorDataset(read_csv(data, drop=["digit"]).features / 16)


def step(network: VAE, batch: Any) -> dict[str, Any]:
    """The loss, and the two parts that it is the sum of."""
    (images,) = batch
    logits, mean, log_variance = network(images)
    reconstruction = nn.functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
    divergence = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum() / len(images)
    return {
        "loss": reconstruction + divergence,
        "reconstruction_loss": reconstruction.detach(),
        "divergence_loss": divergence.detach(),
    }


@hookimpl
def run_end(trainer: Trainer, status: str) -> None:
    """Draws five digits, from codes of a generator of its own."""
    if trainer.run is None or status != "finished":
        return
    codes = framework.randn(5, trainer.model.code, generator=framework.Generator().manual_seed(1))
    with framework.no_grad():
        images = trainer.model.decoder(codes).sigmoid().reshape(5, 8, 8).tolist()
    for row in range(8):
        print("   ".join("".join(SHADES[int(point * 9.99)] * 2 for point in image[row]) for image in images).rstrip())


def recipe(
    *,
    hidden: int = 256,
    code: int = 8,
    lr: float = 0.002,
    batch_size: int = 32,
    epochs: int = 60,
    data: Path = DATA,
) -> Recipe:
    """Variational autoencoder: learns to draw digits of 8 × 8 points."""
    train, validation = random_split(dataset(data), [0.8, 0.2])
    network = model(hidden, code)
    return Recipe(
        model=network,
        step=step,
        optimizer=optim.Adam(network.parameters(), lr=lr),
        train=train,
        validate=validation,
        batch_size=batch_size,
        epochs=epochs,
    )
