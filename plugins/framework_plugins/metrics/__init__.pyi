from typing import Any

from framework.extend import Register
from framework_plugins.metrics.decisions import F1 as F1
from framework_plugins.metrics.decisions import ConfusionMatrix as ConfusionMatrix
from framework_plugins.metrics.decisions import Precision as Precision
from framework_plugins.metrics.decisions import Recall as Recall
from framework_plugins.metrics.decisions import TopAccuracy as TopAccuracy
from framework_plugins.metrics.ranking import ROCAUC as ROCAUC
from framework_plugins.metrics.ranking import AveragePrecision as AveragePrecision
from framework_plugins.metrics.values import R2 as R2
from framework_plugins.metrics.values import Perplexity as Perplexity

def register_metrics(register: Register[Any]) -> None: ...
