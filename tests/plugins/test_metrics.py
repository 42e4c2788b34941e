"""First-party metrics: scikit-learn's numbers for any cut of a split, what has no number, and what is refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import framework
from framework import nn
from framework.extend import Metric, PluginManager, Trainer, UserError
from framework.training.metrics import SplitMeter, named_metrics
from framework_plugins import console
from framework_plugins import metrics as plugin
from framework_plugins.metrics import (
    F1,
    R2,
    ROCAUC,
    AveragePrecision,
    ConfusionMatrix,
    Perplexity,
    Precision,
    Recall,
    TopAccuracy,
)
from framework_plugins.metrics.ranking import log_probabilities
from tests.golden import metric_cases
from tests.tiny import tiny

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((Path(metric_cases.__file__).parent / "metrics.json").read_text())
NAN = math.nan


def registry() -> dict:
    manager = PluginManager()
    manager.register(plugin)
    return dict(manager.registry("metrics"))


def named(name: str) -> Metric:
    return named_metrics([name], registry())[name]


def computed(metric: Metric, prediction, target, size: int | None = None):
    prediction, target = framework.as_tensor(prediction), framework.as_tensor(target)
    metric.reset()
    for start in range(0, len(target), size or len(target)):
        metric.update(
            prediction[start : start + size] if size else prediction, target[start : start + size] if size else target
        )
    return metric.compute()


@pytest.mark.parametrize("case", metric_cases.CASES)
def test_scikit_learns_numbers_however_the_split_is_cut(case):
    prediction, target = metric_cases.arrays(case)
    for name, expected in GOLDEN[case].items():
        for size in (None, 1, 5):
            found = computed(named(name), prediction, target, size)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=name)


def test_there_is_a_golden_number_for_each_name():
    assert set().union(*GOLDEN.values()) == set(registry())


@pytest.mark.parametrize("metric", [Precision, Recall, F1])
def test_a_class_never_decided_or_never_there_counts_as_nought(metric):
    logits = [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert computed(metric(), logits, [0, 1]) == pytest.approx(
        {"precision": 0.25, "recall": 0.5, "f1": 1 / 3}[metric.title]
    )
    # Class 2 is neither: it is no class of this split.
    assert computed(metric("weighted"), [-1.0, -2.0], [1, 1]) == 0


def test_two_logits_are_one_and_labels_may_be_samples():
    scores = framework.tensor([0.3, -1.0, 2.0, 0.7, -0.2])
    both, target = framework.stack([scores * 0, scores], 1), [1, 0, 0, 1, 1]
    for metric in (Precision(), Recall(), F1(), ROCAUC(), AveragePrecision(), ConfusionMatrix()):
        assert computed(metric, both, target) == computed(metric, scores, target)
    labels, targets = [[1.0, -1.0], [2.0, 3.0]], [[1, 1], [0, 1]]
    assert computed(F1("binary"), labels, targets) == computed(F1("micro"), labels, targets) == pytest.approx(2 / 3)
    assert computed(F1(), labels, targets) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_one_in_place_of_the_classes_is_no_dimension():
    scores, target = framework.randn(4, 1, 2, 3), framework.arange(24).reshape(4, 2, 3) % 2
    assert computed(F1(), scores, target) == computed(F1(), scores[:, 0], target)
    assert computed(F1(), scores, target) == computed(F1(), scores.reshape(24), target.reshape(24).float())
    assert computed(R2(), scores[:, 0, 0, 0].reshape(4, 1), [1.0, 2.0, 3.0, 4.0]) == computed(
        R2(), scores[:, 0, 0, 0], [[1.0], [2.0], [3.0], [4.0]]
    )


def test_targets_that_are_ignored():
    logits = framework.randn(6, 3, 2)
    target = framework.tensor([[0, 1], [-100, 2], [1, -100], [2, 2], [0, 1], [1, 0]])
    kept = target.reshape(-1) != -100
    flat = logits.transpose(1, 2).reshape(-1, 3)[kept]
    for name in ("f1", "precision_micro", "confusion_matrix", "roc_auc", "perplexity", "top5_accuracy"):
        found = computed(named(name), logits, target, 2)
        np.testing.assert_allclose(found, computed(named(name), flat, target.reshape(-1)[kept]), rtol=1e-14)
    labels, targets = [[1.0, -1.0], [2.0, 1.0], [-3.0, 1.0]], [[1, 0], [-100, 1], [0, -100]]
    assert computed(ConfusionMatrix(), labels, targets) == [[[1, 0], [0, 1]], [[1, 0], [0, 1]]]
    assert computed(ROCAUC(), labels, targets) == 1
    assert computed(F1(ignore_index=7), [1.0, 1.0], [1, 7]) == 1
    assert computed(Precision(ignore_index=0), [1.0, 1.0], [1, 0]) == 1
    assert computed(Perplexity(ignore_index=1), [[9.0, 9.0], [0.0, 9.0]], [0, 1]) == pytest.approx(2)


@pytest.mark.parametrize("name", sorted(set(registry()) - {"confusion_matrix"}))
def test_where_there_is_no_sample_or_a_nan_the_number_is_nan(name):
    metric = named(name)
    metric.reset()
    assert math.isnan(metric.compute())
    if name == "r2":
        assert math.isnan(computed(metric, [NAN, 1.0], [1.0, 2.0])) and math.isnan(computed(metric, [1.0], [1.0]))
        return
    logits, target = framework.zeros(4, 3), framework.tensor([0, 1, 2, 0])
    assert math.isnan(computed(metric, logits, target * 0 - 100))
    assert math.isfinite(computed(metric, logits, target))
    logits[3, 1] = NAN
    assert math.isnan(computed(metric, logits, target))
    assert math.isfinite(computed(metric, logits[:3], target[:3]))  # forgotten


def test_a_nan_is_in_no_cell():
    assert computed(ConfusionMatrix(), [[1.0, 0.0], [NAN, 0.0], [0.0, 1.0]], [0, 0, 1]) == [[1, 0], [0, 1]]
    assert computed(ConfusionMatrix(), [1.0, NAN], [1, 1]) == [[0, 0], [0, 1]]
    assert ConfusionMatrix().compute() == []


def test_one_class_has_no_ranking_and_says_so_once():
    metric = ROCAUC()
    with pytest.warns(UserWarning) as caught:
        assert math.isnan(computed(metric, [1.0, 2.0], [1, 1]))
    assert [str(each.message) for each in caught] == [
        "roc_auc is not defined for class 1, which none or all of the samples have: it is nan."
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(computed(metric, [1.0, 2.0], [0, 0]))
    with pytest.warns(UserWarning, match="for class 2, which none or all of the samples have: the mean is over the 2 "):
        assert computed(ROCAUC(), [[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]], [0, 1]) == 1


def test_ties_are_half_and_order_within_a_row_makes_no_difference():
    assert computed(ROCAUC(), [0.0, 0.0, 1.0, 1.0], [0, 1, 0, 1]) == 0.5
    assert computed(ROCAUC(), [math.inf, 1.0, -math.inf], [1, 1, 0]) == 1
    # By the formula, the probability of class 0 is the same in all rows.
    rows = [[0.1, 0.7, 0.2, 1.3], [0.1, 1.3, 0.7, 0.2], [0.1, 0.2, 1.3, 0.7], [0.1, 1.3, 0.2, 0.7]]
    assert len(set(next(log_probabilities(np.array(rows))).tolist())) == 1
    rows = [[1.0, 2.0, 3.5], [5.0, 6.0, 7.5], [-90.0, -89.0, -87.5]]
    assert len(set(next(log_probabilities(np.array(rows, np.float32))).tolist())) == 1


def test_a_constant_target():
    # Of a third, added up and divided, the mean is not a third.
    target = framework.full((49,), 1 / 3, dtype=framework.float64)
    assert computed(R2(), target, target, 5) == 1
    assert computed(R2(), target + 1, target, 5) == 0


def test_r2_does_not_lose_digits_far_from_zero():
    target = np.arange(1000.0) / 1000 + 1e8
    prediction = target + np.sin(np.arange(1000.0)) / 10
    exact = (
        1 - ((target - prediction) ** 2).sum() / ((target - target[0]) - (target - target[0]).mean()).__pow__(2).sum()
    )
    assert computed(R2(), prediction, target, 7) == pytest.approx(exact, rel=1e-12)


def test_perplexity_at_its_ends():
    assert computed(Perplexity(), framework.zeros(3, 7), [0, 3, 6]) == pytest.approx(7)
    assert computed(Perplexity(), [[0.0, -math.inf]], [1]) == math.inf
    assert computed(Perplexity(), [[0.0, -5000.0]], [1]) == math.inf
    assert computed(Perplexity(), [[9000.0, 0.0]], [0]) == 1
    assert math.isnan(computed(Perplexity(), [[-math.inf, -math.inf]], [1]))


def test_the_largest_logits_equal_ones_by_their_place():
    logits = [[1.0, 1.0, 1.0], [3.0, 2.0, 1.0]]
    assert computed(TopAccuracy(1), logits, [0, 1]) == 0.5
    assert computed(TopAccuracy(2), logits, [2, 1]) == 0.5
    assert computed(TopAccuracy(3), logits, [2, 2]) == 1
    assert TopAccuracy(3).name == "top3_accuracy"


@pytest.mark.parametrize(
    "make, prediction, target, message",
    [
        (
            F1,
            [[1.0, 2.0, 3.0]] * 2,
            [[0.0], [1.0]],
            r"f1: predictions of shape \(2, 3\) do not fit .* of shape \(2, 1\)",
        ),
        (
            F1,
            [[1.0, 2.0, 3.0]],
            [3],
            "f1: a target must be a class from 0 to 2, as there are 3 logits, or -100 .*, not 3",
        ),
        (F1, [[1.0, 2.0, 3.0]], [0.5], "a class from 0 to 2, .*, not 0.5"),
        (F1, [1.0, 2.0], [0, 2], r"of one shape, \(2,\), a target must be 0 or 1, or -100 to be left out, not 2"),
        (F1, [1.0, 2.0], [0.0, NAN], "must be 0 or 1, .*, not nan"),
        (lambda: F1("binary"), [[1.0, 2.0, 3.0]], [1], 'f1_binary: there are 3 classes, so average cannot be "binary"'),
        (Perplexity, [1.0], [1], r"perplexity: needs logits \(N, C, …\) and classes \(N, …\), not .* \(1,\) and"),
        (TopAccuracy, [1.0], [1], "top5_accuracy: needs logits of classes"),
        (R2, [[1.0, 2.0]], [1.0], r"r2: predictions of shape \(1, 2\) do not fit targets of shape \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused(make, prediction, target, message):
    with pytest.raises(UserError, match=message):
        computed(make(), prediction, target)


def test_the_same_classes_all_along():
    metric = F1()
    metric.update(framework.zeros(2, 3), framework.tensor([0, 1]))
    with pytest.raises(UserError, match="f1: first there were predictions of 3 classes, then of 4 classes"):
        metric.update(framework.zeros(2, 4), framework.tensor([0, 1]))
    metric = R2()
    metric.update(framework.zeros(2, 3), framework.zeros(2, 3))
    with pytest.raises(UserError, match="r2: first there were targets with 3 outputs, then with 1"):
        metric.update(framework.zeros(2), framework.zeros(2))


def test_wrong_options():
    with pytest.raises(UserError, match="f1: average must be one of binary, micro, macro, weighted, not 'mean'"):
        F1("mean")
    with pytest.raises(UserError, match="k must be a whole number from 1 up, not 0"):
        TopAccuracy(0)


class Classes(nn.Module):
    """Gives its inputs, which are logits."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(framework.zeros(1))

    def forward(self, x):
        return x + 0 * self.unused


def test_in_training_tables_are_in_records_and_shown_at_the_end(capsys):
    logits = framework.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 3.0, 1.0], [1.0, 0.0, 5.0]])
    data = [(logits[:3], framework.tensor([0, 1, 2])), (logits[3:], framework.tensor([2]))]
    recipe = tiny(
        model=Classes(),
        loss=nn.CrossEntropyLoss(),
        train=data,
        validate=data,
        epochs=1,
        metrics=["confusion_matrix", F1(average="weighted"), TopAccuracy(2)],
        classes=["cat", "dog", "ferret"],
    )
    history = Trainer(recipe, plugins=[plugin, console]).fit()
    assert history["validation/confusion_matrix"] == [[[1, 0, 0], [0, 1, 0], [0, 1, 1]]]
    assert type(history.final["validation/confusion_matrix"][0][0]) is int
    assert history.final["train/top2_accuracy"] == 1
    epoch, end, *table = capsys.readouterr().out.splitlines()
    assert "confusion" not in epoch and "f1_weighted 0.7500, top2_accuracy 1" in epoch
    assert table == [
        "validation confusion_matrix:",
        "target / predicted  cat  dog  ferret",
        "cat                   1    0       0",
        "dog                   0    1       0",
        "ferret                0    1       1",
    ]


def test_tables_of_labels_and_of_many_classes():
    metric = ConfusionMatrix()
    value = computed(metric, [[1.0, -1.0], [2.0, 1.0]], [[1, 0], [0, 1]])
    assert metric.describe(value, ["red", "round"]).splitlines() == [
        "       true no  false yes  false no  true yes",
        "red          0          1         0         1",
        "round        1          0         0         1",
    ]
    assert metric.describe(np.zeros((21, 21), int).tolist(), None) is None
    assert metric.describe([], None) is None
    assert metric.describe([[1, 2], [3, 4]], ["one", "two", "three"]).splitlines()[0] == "target / predicted  0  1"


def test_finding_the_plugin_loads_no_metric():
    code = (
        "import sys\n"
        "from framework.extend import PluginManager\n"
        "from framework_plugins import metrics\n"
        "PluginManager().register(metrics)\n"
        "print([name for name in sys.modules if name.startswith('framework_plugins.metrics.')])\n"
        "print(metrics.F1, 'F1' in metrics.__all__)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "plugins"
    )
    assert shown.stdout == "[]\n<class 'framework_plugins.metrics.decisions.F1'> True\n"


@pytest.mark.parametrize("flush", [1, 40, 2**20])
def test_every_metric_goes_on_from_any_cut_to_the_bit(monkeypatch, flush):
    monkeypatch.setattr("framework.training.metrics.FLUSH", flush)
    names = set(registry()) - {"r2"}
    prediction, target = map(framework.as_tensor, metric_cases.arrays("segmentation"))

    def meter(batches, state=None, names=names):
        made = SplitMeter("train", named_metrics(sorted(names), registry()))
        if state is not None:
            made.load_state_dict(state)
        for place in batches:
            outputs = {"loss": None, "prediction": prediction[place : place + 2], "target": target[place : place + 2]}
            made.add(0.5, outputs, 12)
        return made

    places = range(0, 9, 2)
    whole = repr(meter(places).result(1))
    for cut in range(len(places) + 1):
        assert repr(meter(places[cut:], meter(places[:cut]).state_dict()).result(1)) == whole
    prediction, target = map(framework.as_tensor, metric_cases.arrays("several values"))
    whole = meter(places, names={"r2"})
    half = meter(places[:3], names={"r2"})
    assert meter(places[3:], half.state_dict(), names={"r2"}).result(1) == whole.result(1)
