"""What the tests of hostile files share."""

import tracemalloc

import pytest


@pytest.fixture
def little_memory():
    """Fails when the test's Python and NumPy held more than 20 MB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000, f"{peak} bytes"
