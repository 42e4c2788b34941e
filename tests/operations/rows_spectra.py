"""The row of the Fourier transform."""

from __future__ import annotations

import framework.fft  # noqa: F401
from tests.operations.sampling import Row

ROWS = [
    Row(
        "fft_c2c",
        lambda r: [
            (r(5), r(5), 0, False),
            (r(2, 4), r(2, 4), 1, True),
            (r(3, 2), r(3, 2), 0, False),
            (r(1), r(1), 0, True),
        ],
    ),
]
