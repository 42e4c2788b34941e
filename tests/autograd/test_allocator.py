"""Memory that arrays give back stays with the process."""

import subprocess
import sys

import pytest

from framework.autograd.allocator import keep_freed_memory

FAULTS = """
import resource
import framework as torch

x = torch.ones(1_000_000, requires_grad=True)

def step():
    (x * x).sum().backward()

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(**environment):
    done = subprocess.run([sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not keep_freed_memory(), reason="not glibc, or the environment sets its allocator")
def test_steps_over_large_arrays_take_no_new_pages():
    assert page_faults() < 2000 < page_faults(MALLOC_TRIM_THRESHOLD_="131072")


def test_the_environment_has_the_last_word(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    assert not keep_freed_memory()
