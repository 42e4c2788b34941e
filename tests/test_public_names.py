"""The public face is complete: what a room offers can be reached under PyTorch's name."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import framework
from framework import operations
from framework.loading import places

ROOT = Path(__file__).parents[1]


STUBS = sorted((ROOT / "framework").rglob("*.pyi"))


def fresh(code):
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_name_of_a_stub_is_where_it_says(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    written = [
        name.asname
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    where = places(module)
    assert len(written) == len(set(written)) and set(written) <= set(where)
    loaded = importlib.import_module(module)
    assert all(hasattr(loaded, name) and name in dir(loaded) for name in where)
    assert set(loaded.__all__) == {name for name in where if name[0] != "_"}


def test_every_operation_can_be_reached():
    names = list(places("framework.operations"))
    assert len(names) > 200
    hidden = [name for name in names if not (hasattr(framework, name) or hasattr(framework.nn.functional, name))]
    assert not hidden
    assert all(callable(getattr(operations, name)) for name in names)


def test_families_are_loaded_when_first_used():
    shown = fresh(
        "import sys, framework\n"
        "def loaded(name): return f'framework.{name}' in sys.modules\n"
        "before = [loaded('nn'), loaded('optim'), loaded('linalg'), loaded('operations.bessel')]\n"
        "framework.ones(2).i0()\n"
        "print(before, loaded('operations.bessel'), loaded('operations.convolution'))"
    )
    assert shown.strip() == "[False, False, False, False] True False"


def test_what_is_not_loaded_yet_is_found_all_the_same():
    shown = fresh(
        "import framework as torch, numpy as np\n"
        "from framework.operations import softmax\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "print(np.trapezoid(x), np.i0(torch.zeros(1)), callable(torch.operations.softmax), softmax(x.detach(), 0))\n"
        "print(torch.ones(1, 2, 3).unfold(1, 2, 1).shape, torch.exp_(torch.zeros(1)), torch.ones(2, 1).mT.shape)\n"
        "from framework import *\n"
        "print(conv2d, abs(x - 2).tolist())"
    )
    assert "grad_fn=<" in shown and "True tensor([0.5000, 0.5000])" in shown
    assert "torch.Size([1, 1, 3, 2]) tensor([1.]) torch.Size([1, 2])" in shown and "[1.0, 1.0]" in shown


def test_tensor_has_all_methods_from_the_start():
    shown = fresh(
        "from framework import Tensor\n"
        "from framework.operations.methods import _Method, load_all\n"
        "before = set(dir(Tensor))\n"
        "operators = {name for name in vars(Tensor) if name[:2] == '__'}\n"
        "load_all()\n"
        "print(set(dir(Tensor)) - before, {name for name in vars(Tensor) if name[:2] == '__'} - operators)"
    )
    assert shown.strip() == "set() set()"


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
        (lambda: framework.stft, "PyTorch has torch.stft, framework does not: complex tensors are out of scope"),
        (lambda: framework.svd_lowrank, "PyTorch has torch.svd_lowrank, framework does not yet."),
        (lambda: framework.nn.qat, "PyTorch has torch.nn.qat, framework does not yet."),
        (lambda: framework.tensorr, "PyTorch's torch has no such name either. Did you mean 'tensor'?"),
        (lambda: framework.mse_loss, "no such name either. It is framework.nn.functional.mse_loss."),
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
