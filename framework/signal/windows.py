"""Windows, which fade a signal at both ends: PyTorch's `torch.signal.windows`."""

from framework.coverage import explain_missing_names
from framework.operations.symmetric_windows import (
    bartlett,
    blackman,
    cosine,
    exponential,
    gaussian,
    general_cosine,
    general_hamming,
    hamming,
    hann,
    kaiser,
    nuttall,
)

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]

explain_missing_names(__name__)
