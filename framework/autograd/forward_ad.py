"""Forward mode (`torch.autograd.forward_ad`): tensors that carry a tangent along.

with dual_level():
    dual = make_dual(x, direction)
    primal, tangent = unpack_dual(f(dual))

A dual tensor is recorded like any other, and `unpack_dual` reads the tangent off the record (`pushing` says how and at
what cost). So operations under `no_grad` carry no tangent on, and a dual tensor says that it requires grad.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from framework.autograd.grad_mode import Bracket, mode, recording_on
from framework.autograd.pushing import MakeDual, check_direction, close, dual_of, pusher, settled
from framework.autograd.tensor import Tensor
from framework.coverage import explain_missing_names

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns; the tangent is None for a tensor that no dual tensor led to."""

    primal: Tensor
    tangent: Tensor | None


class _Level:
    """The dual tensors of the open level: a leaf for each, which stands for its direction, and the direction."""

    def __init__(self, recording: Any) -> None:
        self.before = recording
        self.sources: list[Tensor] = []
        self.directions: list[Tensor] = []


def enter_dual_level() -> int:
    """Opens a level in which dual tensors are made; there is one at a time. `dual_level` closes it by itself."""
    if mode.dual is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    mode.dual = _Level(mode.recording)
    mode.recording = recording_on()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Closes the level: the tangents of its dual tensors are gone."""
    current = -1 if mode.dual is None else 0
    if level is not None and level != current:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    if mode.dual is None:
        raise RuntimeError("Dual level must be a positive number.")
    close(mode.dual.sources)
    mode.recording = recording_on() if mode.dual.before else False
    mode.dual = None


class dual_level(Bracket):
    """The level as a context manager, and as a decorator."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: object) -> None:
        exit_dual_level()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The tensor (memory shared), with a tangent of its shape that operations carry along."""
    if (level is not None and level < 0) or mode.dual is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    check_direction(tensor, tangent)
    if not mode.recording:
        raise RuntimeError(
            "make_dual under no_grad inside of a dual level: nothing is recorded here, so no tangent would be carried "
            "along. Put no_grad outside of the dual level, or leave it out"
        )
    edge = tensor.edge
    known = {id(each) for each in mode.dual.sources}
    if edge is not None and isinstance(edge[0], MakeDual) and id(edge[0].edges[1]) in known:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported."
        )
    dual, source = dual_of(tensor)
    mode.dual.sources.append(source)
    mode.dual.directions.append(tangent)
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent. Both keep what history they have besides."""
    opened = mode.dual
    if opened is None or (level is not None and level < 0):
        return UnpackedDualTensor(tensor, None)
    sources = opened.sources
    recorded = bool(opened.before)
    (tangent,) = pusher([tensor], sources)(opened.directions, recorded) if sources else (None,)
    return UnpackedDualTensor(settled(tensor, sources, recorded), settled(tangent, sources, recorded))


explain_missing_names(__name__)
