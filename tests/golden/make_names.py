"""Writes the public names of PyTorch's eager API: python tests/golden/make_names.py (torch 2.13)."""

import importlib
import inspect
import pathlib
import re
import types

import torch

NAMESPACES = """
nn nn.functional nn.init nn.utils nn.utils.rnn nn.utils.parametrize nn.utils.parametrizations linalg special fft
autograd autograd.functional autograd.forward_ad autograd.graph func optim optim.lr_scheduler optim.swa_utils
utils.data utils.checkpoint random amp signal.windows serialization
distributions distributions.constraints distributions.transforms distributions.kl distributions.constraint_registry
distributions.utils
""".split()


KNOWN = {each.split(".")[-1] for each in NAMESPACES}
# What is there for PyTorch's own use, though its name does not say so.
INNER = re.compile(r"TYPE_CHECKING|BroadcastingList|_notes$|^AVG$|^SUM$|GRID_SAMPLE|^_|sys|types|torch_version")


def public(module):
    """The names that a module offers: functions, classes and constants of its own or of PyTorch's core."""
    listed = set(getattr(module, "__all__", ())) | {name for name in dir(module) if not name.startswith("_")}
    for name in sorted(listed):
        value = getattr(module, name, None)
        if isinstance(value, types.ModuleType):
            keep = f"{module.__name__}.{name}" == value.__name__ and (module is torch or name in KNOWN)
        else:
            home = getattr(value, "__module__", None) or module.__name__
            # The core's own classes are names of TorchScript; functions of typing and such are only imported.
            keep = home.startswith("torch") and not (
                module is torch
                and inspect.isclass(value)
                and home in ("torch._C", "torch")
                and value.__name__ in vars(torch._C)
            )
            keep = keep and (name in getattr(module, "__all__", [name]))
        if keep and not INNER.search(name) and not (name == "Tensor" and module is not torch):
            yield name


names = {
    "": sorted(
        {*public(torch), "Tensor", "Size", "Generator", "dtype", "device", "finfo", "iinfo", "layout", "memory_format"}
    )
}
names["Tensor"] = sorted(name for name in dir(torch.Tensor) if not name.startswith("_"))
for each in NAMESPACES:
    names[each] = list(public(importlib.import_module(f"torch.{each}")))


def beside(module, listed):
    """What else of PyTorch's can be reached there: it has the names, though they are no part of what is counted."""
    for name in dir(module):
        value = getattr(module, name, None)
        of_module = value.__name__ if isinstance(value, types.ModuleType) else None
        home = of_module or getattr(value, "__module__", None) or type(value).__module__
        if not name.startswith("_") and name not in listed and (home == "torch" or str(home).startswith("torch.")):
            yield name


for each in ("", "nn", "fft", "autograd", "utils.data"):
    names[f"({each})"] = list(beside(importlib.import_module(f"torch.{each}".rstrip(".")), names[each]))
path = pathlib.Path(__file__).parents[2] / "framework" / "coverage.txt"
path.write_text("".join(f"{key}: {' '.join(value)}\n" for key, value in names.items()))
print({key: len(value) for key, value in names.items()})
