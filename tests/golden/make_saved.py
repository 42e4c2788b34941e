"""Writes files of PyTorch's and what is in them: python tests/golden/make_saved.py (torch 2.13).

`values.*` hold the same values in several forms of the format; `values.json` says what they are. `resnet.pt` and
`gpt2.pt` hold weights, an input and the output. `module.pt` holds a whole module, and `unsafe.pt` other objects.
"""

import argparse
import collections
import json
import pathlib

import torch
from saved_networks import SMALL, fill, networks, sample

HERE = pathlib.Path(__file__).parent / "saved"
TYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool".split()


def tensors(names):
    """Of each type: a matrix, a view of a part of it, one element of it, and an empty part."""
    found = collections.OrderedDict()
    for name in names:
        matrix = (torch.arange(-6, 6).reshape(3, 4) * (1 if "int" in name else 0.75)).to(getattr(torch, name))
        found[name] = matrix
        found[f"{name} view"] = matrix.t()[1:, ::2]
        found[f"{name} element"] = matrix[1, 2]
        found[f"{name} empty"] = matrix[:0]
    found["expanded"] = found["float32"][:1].expand(2, 3, 4)
    found["four"] = torch.arange(16.0).reshape(2, 2, 2, 2).contiguous(memory_format=torch.channels_last)
    found._metadata = collections.OrderedDict([("", {"version": 1}), ("bn", {"version": 2})])
    return found


def others():
    """Values that are no tensors, and tensors that are more than that."""
    tagged = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    tagged.tag = ["kept"]
    return {
        "parameter": torch.nn.Parameter(torch.tensor([1.5, -2.0])), "tagged": tagged,
        "buffer": torch.nn.Buffer(torch.zeros(1)), "requires grad": torch.ones(2, requires_grad=True) * 3,
        "size": torch.Size([2, 3]), "dtype": torch.float16, "device": torch.device("cpu"), "layout": torch.strided,
        "numbers": [0, 255, 256, 65536, -1, -(2**31), 2**31, 2**63, -(2**70), 1.5, float("inf"), 1 + 2j, True, None],
        "texts": ["", "ünï", b"", b"ab\xff", bytearray(b"x")], "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4,))),
        "sets": {1, "a", (2, 3)}, "counter": collections.Counter("aab"), 3: {"nested": {"deeper": [{}]}},
        "ordered": collections.OrderedDict(b=1, a=2),
    }  # fmt: skip


def optimizers():
    """States of optimizers after two steps."""
    torch.manual_seed(0)
    found = {}
    for kind, options in ((torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}), (torch.optim.AdamW, {"lr": 0.1})):
        layer = torch.nn.Linear(3, 2)
        optimizer = kind(layer.parameters(), **options)
        for _ in range(2):
            optimizer.zero_grad()
            layer(torch.ones(1, 3)).sum().backward()
            optimizer.step()
        found[kind.__name__] = {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 2}
    return found


def told(tensor):
    about = [str(tensor.dtype), list(tensor.shape), list(tensor.stride()), tensor.storage_offset()]
    return [*about, tensor.float().tolist() if tensor.dtype is torch.bfloat16 else tensor.tolist()]


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    values = {"tensors": tensors(TYPES), "others": others()}
    torch.save(values, HERE / "values.pt")
    torch.save(values, HERE / "values_protocol5.pt", pickle_protocol=5)
    # PyTorch itself can't read these types in the older form.
    plain = {
        "tensors": tensors([each for each in TYPES if each not in ("uint16", "uint32", "uint64")]),
        "others": others(),
    }
    torch.save(plain, HERE / "values_legacy.pt", _use_new_zipfile_serialization=False)
    (HERE / "values.json").write_text(
        "{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(told(each))}" for name, each in values["tensors"].items())
        + "\n}\n"
    )
    torch.save(optimizers(), HERE / "optimizers.pt")
    torch.save(torch.nn.Linear(2, 2), HERE / "module.pt")
    torch.save({"args": argparse.Namespace(lr=0.1), "weights": torch.ones(2)}, HERE / "namespace.pt")
    torch.save({"sparse": torch.eye(2).to_sparse()}, HERE / "sparse.pt")
    torch.save({"complex": torch.ones(2, dtype=torch.complex64)}, HERE / "complex.pt")
    torch.save({"quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, HERE / "quantized.pt")
    for kind, make in zip(SMALL, networks(torch), strict=True):
        torch.manual_seed(1)
        with torch.no_grad():
            network = fill(torch, make(*SMALL[kind]))
            x = sample(torch, kind)
            # The older form is the shorter one for many small tensors.
            about = {"weights": network.state_dict(), "input": x, "output": network(x)}
            torch.save(about, HERE / f"{kind}.pt", _use_new_zipfile_serialization=kind != "resnet")
    print({path.name: path.stat().st_size for path in sorted(HERE.iterdir())})
