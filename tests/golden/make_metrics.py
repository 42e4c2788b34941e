"""Writes metrics.json with scikit-learn: python tests/golden/make_metrics.py (scikit-learn 1.9).

For each of `metric_cases`, the metrics that it has, by the names that `framework_plugins.metrics` gives them.
"""

import json
import pathlib
from typing import Any

import numpy as np
from metric_cases import CASES, arrays
from sklearn import metrics

RATIOS = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}


def of_decisions(target: Any, decided: Any, default: str) -> dict[str, Any]:
    """Precision, recall and F1 with every average; without one, with the `default`."""
    return {
        f"{name}_{average}" if average else name: float(
            ratio(target, decided, average=average or default, zero_division=0)
        )
        for name, ratio in RATIOS.items()
        for average in ("", "micro", "macro", "weighted")
    }


def of_scores(target: Any, scores: Any) -> dict[str, Any]:
    """Metrics of rankings, of two classes or of labels."""
    return {
        "roc_auc": float(metrics.roc_auc_score(target, scores)),
        "average_precision": float(metrics.average_precision_score(target, scores)),
    }


def of_classes(target: Any, scores: Any) -> dict[str, Any]:
    """All metrics of logits (n, C)."""
    classes = range(scores.shape[1])
    decided = scores.argmax(1)
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    probabilities = exponentials / exponentials.sum(1, keepdims=True)
    two = len(classes) == 2
    # Rounded, so that equal ones are seen to be.
    ranked = scores[:, 1] - scores[:, 0] if two else probabilities.round(14)
    found = of_decisions(target, decided, "binary" if two else "macro")
    found["confusion_matrix"] = metrics.confusion_matrix(target, decided, labels=classes).tolist()
    if two:
        found |= of_scores(target, ranked)
    else:
        found["roc_auc"] = float(metrics.roc_auc_score(target, ranked, multi_class="ovr"))
        found["average_precision"] = float(metrics.average_precision_score(target, ranked))
    found["perplexity"] = float(np.exp(metrics.log_loss(target, probabilities, labels=classes)))
    if len(classes) > 5:
        found["top5_accuracy"] = float(metrics.top_k_accuracy_score(target, scores, k=5))
    return found


def of_case(case: str) -> dict[str, Any]:
    """All metrics that a case has."""
    prediction, target = arrays(case)
    scores, classes = prediction.astype(np.float64), CASES[case][2]
    if not classes:
        return {"r2": float(metrics.r2_score(target.astype(np.float64), scores))}
    if scores.ndim == target.ndim + 1:
        kept = target != -100
        return of_classes(target[kept], np.moveaxis(scores, 1, -1)[kept])
    decided = (scores > 0).astype(int)
    labels = target.ndim == 2
    matrix = metrics.multilabel_confusion_matrix if labels else metrics.confusion_matrix
    found = of_decisions(target, decided, "macro" if labels else "binary")
    return found | of_scores(target, scores) | {"confusion_matrix": matrix(target, decided).tolist()}


found = {case: of_case(case) for case in CASES}
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(found, indent=1) + "\n")
