"""The guide for authors tells the truth: its programs run, its wrong lines are found, its right ones pass."""

from __future__ import annotations

import contextlib
import io
import math
import re

import numpy as np
import pytest

from framework.autograd.operation import registry
from framework.extend import Operation, operation
from framework.testing import check_operation
from tests.plugin import guide

GUIDE = guide.FILE.read_text("utf-8")
RULES = [match[1] for match in re.finditer(r"^```diff\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)]
X = np.array([[0.5, -1.2, 2.0], [0.3, 0.1, -0.7]])


def operation_of(rule: str, sign: str) -> Operation:
    """The operation that a rule's lines make, those with `sign` among them."""
    lines = [line[1:] for line in rule.splitlines() if line[:1] in (" ", sign)]
    names = {"np": np, "math": math, "operation": operation}
    exec("\n".join(lines), names)
    return next(value for value in reversed(names.values()) if isinstance(value, Operation))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: re.search(r'name="guide_(\w+)"', rule)[1])
def test_a_rule(rule):
    try:
        check_operation(operation_of(rule, "+"), X)
        wrong = operation_of(rule, "-")
        if "# right, but" in rule:
            check_operation(wrong, X)
        else:
            with pytest.raises(Exception):  # noqa: PT011
                check_operation(wrong, X)
    finally:
        forget()


def forget():
    """Take the guide's operations out again."""
    for name in [name for name in registry if name.startswith("guide_")]:
        del registry[name]


def test_the_hooks_are_told_as_their_specifications_do():
    """When this fails: python -m tests.plugin.guide"""
    assert guide.FILE.read_text("utf-8") == guide.text()


def test_its_programs():
    """Those before the hooks, whose examples are run as plugins elsewhere; each finds the names of those above it."""
    programs = re.findall(
        r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?",
        GUIDE.partition(guide.HEADING)[0],
        re.MULTILINE | re.DOTALL,
    )
    names: dict[str, object] = {}
    try:
        for program, expected in programs:
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                exec(program, names)
            assert shown.getvalue() == expected
    finally:
        forget()
