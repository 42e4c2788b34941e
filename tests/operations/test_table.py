"""Every operation is in the table, and every row of the table holds."""

from __future__ import annotations

import pytest

import framework
from framework.autograd.operation import registry
from framework.testing import check_operation
from tests.operations.table import ROWS

CALLS = [pytest.param(row, call, id=f"{row.name}-{number}") for row in ROWS for number, call in enumerate(row.calls())]


def test_every_operation_has_a_row():
    ours = {
        name
        for name, each in registry.items()
        if each.forward.__class__.__name__ == "ufunc" or each.forward.__module__.startswith("framework.operations")
    }
    missing = ours - {row.name for row in ROWS}
    assert not missing, f"operations without a row in tests/operations/rows_*.py: {sorted(missing)}"


def test_every_row_is_of_an_operation():
    assert framework
    assert {row.name for row in ROWS} <= set(registry)


@pytest.mark.parametrize(("row", "arguments"), CALLS)
def test_operation(row, arguments):
    check_operation(registry[row.name], *arguments, **row.options)
