"""The public face is complete: what a room offers can be reached under PyTorch's name."""

import ast
from pathlib import Path

import pytest

import framework
from framework import operations

ROOT = Path(__file__).parents[1]


def imported_names(path):
    """The names that a module re-exports, from where, in the order they are written."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("framework."):
            yield node.module, [each.asname or each.name for each in node.names]


def test_every_operation_can_be_reached():
    names = [
        name
        for module, found in imported_names(ROOT / "framework/operations/__init__.py")
        if module != "framework.operations"
        for name in found
    ]
    assert len(names) == len(set(names)) > 200
    hidden = [name for name in names if not (hasattr(framework, name) or hasattr(framework.nn.functional, name))]
    assert not hidden
    assert all(callable(getattr(operations, name)) for name in names)


def test_aliases_of_types_and_constants():
    assert framework.float is framework.float32 and framework.double is framework.float64
    assert framework.long is framework.int64 and framework.int is framework.int32
    assert repr(framework.bool) == "torch.bool"
    assert framework.inf == float("inf") and framework.newaxis is None


def test_names_loaded_when_used():
    assert framework.Trainer.__name__ == "Trainer" and framework.Recipe.__name__ == "Recipe"
    assert framework.extend.operation is framework.autograd.operation
    assert not hasattr(framework, "no_such_name")


def test_code_that_asks_for_a_gpu_runs():
    device = framework.device("cuda" if framework.cuda.is_available() else "cpu")
    framework.backends.cudnn.deterministic = True
    framework.cuda.manual_seed_all(0)
    assert framework.ones(2).to(device).device == device


def test_a_missing_name_says_that_it_may_come():
    with pytest.raises(
        AttributeError, match="has no attribute 'sort': either PyTorch has no such name, or it is not here"
    ):
        framework.sort
