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


@pytest.mark.parametrize(
    ("find", "words"),
    [
        (lambda: framework.complex64, "PyTorch has torch.complex64, framework does not: complex tensors are out of"),
        (lambda: framework.tensorr, "PyTorch's torch has no such name either. Did you mean 'tensor'?"),
        (lambda: framework.mse_loss, "no such name either. It is framework.nn.functional.mse_loss."),
        (lambda: framework.nn.DataParallel, "framework does not: tensors live on the CPU"),
        (lambda: framework.nn.functional.reluu, "torch.nn.functional has no such name either. Did you mean 'relu'?"),
        (lambda: framework.ones(2).to_sparse, "PyTorch has torch.Tensor.to_sparse, framework does not: sparse tensors"),
        (lambda: framework.Tensor.to_sparse, "PyTorch has torch.Tensor.to_sparse, framework does not: sparse tensors"),
        (lambda: framework.optim.SGDD, "Did you mean 'SGD'?"),
    ],
)
def test_a_missing_name_is_explained(find, words):
    with pytest.raises(AttributeError, match="has no attribute") as caught:
        find()
    assert words in str(caught.value)


def test_asking_for_a_missing_name_looks_nothing_up(monkeypatch):
    monkeypatch.setattr(framework.coverage, "describe_missing", lambda *_: pytest.fail("looked up"))
    assert not hasattr(framework, "no_such_name") and not hasattr(framework.ones(2), "no_such_name")
    with pytest.raises(AttributeError, match="^'Tensor' object has no attribute '_private'$"):
        framework.ones(2)._private


def test_coverage_tells_what_is_here_from_what_is_not():
    found = framework.coverage.coverage("Tensor")
    assert {"add_", "sum", "backward"} <= set(found.here)
    assert found.elsewhere["to_sparse"] == "sparse tensors are out of scope"
    assert not set(found.missing) & set(found.elsewhere)
