"""Metrics of classes, rankings and values, by name ("f1", "roc_auc", "r2") or as objects (`F1(average="weighted")`).

Each is that of the whole split, exactly, however it is cut into batches; only the rankings keep every prediction
for it. Predictions are logits, or probabilities where the loss says so: see `reading` for which shapes mean what.
Targets of -100 are left out.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from framework.extend import Register, hookimpl
from framework.loading import from_stub

# No __dir__: who looks for hooks would load every name.
__getattr__, _, __all__ = from_stub(__name__)


@hookimpl
def register_metrics(register: Register[Any]) -> None:
    """ "f1", "f1_micro", "f1_macro" and "f1_weighted"; the same of "precision" and "recall"; and the others."""
    from framework_plugins.metrics import decisions, ranking, values

    for metric in (decisions.Precision, decisions.Recall, decisions.F1):
        register(metric.title, metric)
        for average in ("micro", "macro", "weighted"):
            register(f"{metric.title}_{average}", partial(metric, average=average))
    register("confusion_matrix", decisions.ConfusionMatrix)
    register("top5_accuracy", decisions.TopAccuracy)
    register("roc_auc", ranking.ROCAUC)
    register("average_precision", ranking.AveragePrecision)
    register("r2", values.R2)
    register("perplexity", values.Perplexity)
