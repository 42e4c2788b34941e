"""What metrics add to a step of training, on the logistic regression recipe: 15 steps an epoch, then 4 of validation.

    python tests/benchmarks/metrics.py [EPOCHS]

Each figure is the best of seven runs, taken in turns, in processor time; all that metrics cost is in it, for training and
for validation data, spread over the steps of training.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

import framework
from framework.training.trainer import Trainer
from framework_plugins import metrics as plugin

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "logistic_regression.py"
SETS = (
    (),
    ("accuracy",),
    ("accuracy", "f1"),
    ("accuracy", "f1", "precision", "recall"),
    ("accuracy", "roc_auc"),
    ("accuracy", "confusion_matrix"),
)


def microseconds(metrics: tuple[str, ...], epochs: int) -> float:
    """The time of a step of training with those metrics."""
    recipe = framework.build(RECIPE, seed=0, epochs=epochs)
    recipe.metrics = metrics
    trainer = Trainer(recipe, plugins=[plugin])
    start = process_time()
    trainer.fit()
    return (process_time() - start) / trainer.step * 1e6


def main() -> None:
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    best = dict.fromkeys(SETS, float("inf"))
    for _ in range(7):
        for metrics in SETS:
            best[metrics] = min(best[metrics], microseconds(metrics, epochs))
    print(f"microseconds a step, of {epochs} epochs")
    for metrics, figure in best.items():
        print(f"  {', '.join(metrics) or 'none':40} {figure:6.1f}  +{figure - best[()]:.1f}")


if __name__ == "__main__":
    main()
