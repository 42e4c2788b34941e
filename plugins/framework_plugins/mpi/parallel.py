"""The plugin that trains in parallel: data is cut, gradients and numbers are put together, all ranks decide alike."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np

import framework
from framework.extend import Tensor, Trainer, UserError, hookimpl, no_grad, takes_closure, updated_parameters
from framework_plugins.mpi.joining import ended_well, tell_starter
from framework_plugins.mpi.sharding import Part, part_of
from framework_plugins.mpi.world import World

__all__ = ["DataParallel"]


class DataParallel:
    """Each of a world's processes trains with its part of every batch; their gradients' mean is that of the whole batch."""

    def __init__(self, world: World, sync_batch_norm: bool = False) -> None:
        self.world, self.sync_batch_norm = world, sync_batch_norm
        self.part = Part(world.rank, world.size)
        # What the losses of this process, and of all, are means over since the last update.
        self.count, self.total = 0.0, 0.0
        self.stream: Tensor | None = None
        self._packs: dict[Any, Pack] = {}

    @hookimpl(trylast=True)
    def prepare_data(self, split: str, data: Iterable[Any]) -> Iterable[Any]:
        return part_of(data, self.part)

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        if trainer.optimizer is None:
            raise UserError(
                "The recipe's step updates the model itself, so gradients cannot be put together before it."
            )
        if takes_closure(trainer.optimizer):
            kind = type(trainer.optimizer).__name__
            raise UserError(f"{kind} evaluates the loss as often as it needs, which several processes cannot do alike.")
        trainer.interrupts.deferred = True
        if self.sync_batch_norm:
            from framework_plugins.mpi.batch_norm import synchronise

            if trainer.compiled:
                raise UserError(
                    "--sync-batch-norm goes with --no-compile: in a program, processes would wait at different places."
                )
            synchronise(trainer.model, self.world, self.part)
        self._check_alike(trainer)
        if trainer.run is not None:
            tell_starter("run", str(trainer.run.path.absolute()))
        self._same((*trainer.model.parameters(), *trainer.model.buffers()))
        self.count, self.total, self.stream = 0.0, 0.0, None
        self.world.abort_at_exit(True)

    def _same(self, tensors: Iterable[Tensor]) -> None:
        """Puts the first process's values in the place of each."""
        for tensor in tensors:
            array = np.array(tensor.detach().numpy(), order="C")
            self.world.broadcast(array)
            with no_grad():
                tensor.copy_(framework.from_numpy(array))

    @hookimpl(tryfirst=True)
    def epoch_start(self) -> None:
        """All draw the epoch's order from where the first one's generator stands."""
        self._back()
        stream = framework.get_rng_state().numpy()
        self.world.broadcast(stream)
        framework.set_rng_state(framework.from_numpy(stream))

    @hookimpl(tryfirst=True)
    def batch_start(self, trainer: Trainer) -> None:
        """For this batch each draws numbers of its own, for dropout and the like, which go by seed, place and rank alone."""
        self._back()
        self.stream = framework.get_rng_state()
        place = [(trainer.recipe.seed or 0) % 2**64, trainer.epoch, trainer.batch, self.world.rank]
        framework.manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))

    def _back(self) -> None:
        """Go back to the numbers that one process would draw: orders are drawn from them, and checkpoints hold them."""
        if self.stream is not None:
            framework.set_rng_state(self.stream)
            self.stream = None

    @hookimpl(wrapper=True, tryfirst=True)
    def validate(self, trainer: Trainer) -> Generator[None, Any, Any]:
        """Validation is of one model: statistics that each process has gathered are the first one's for it."""
        self._back()
        self._same(trainer.model.buffers())
        return (yield)

    @hookimpl(tryfirst=True)
    def after_backward(self) -> None:
        self._back()

    @hookimpl(tryfirst=True, after="accumulation", before="gradient_clipping")
    @no_grad()
    def before_step(self, trainer: Trainer) -> None:
        """Gradients of the whole batch: each process's, weighed by what its loss is a mean over, in one buffer."""
        parameters = updated_parameters(trainer)
        pack = self._packed(parameters)
        weight = 1.0 if trainer.summed else self.count / self.total if self.total else 0.0
        for each, place in pack.places(parameters):
            if each.grad is None or not self.count:
                place[...] = 0
            else:
                np.multiply(each.grad.numpy(), pack.dtype.type(weight), out=place)
        arrived = trainer.interrupts.arrived or 0
        pack.there[:] = [each.grad is not None for each in parameters]
        pack.signal[:] = arrived
        self.world.all_reduce(pack.buffer)
        for (each, place), there in zip(pack.places(parameters), pack.there, strict=True):
            if each.grad is None and there:
                each.grad = framework.zeros_like(each)
            if each.grad is not None:
                each.grad.numpy()[...] = place
        self.count = self.total = 0.0
        if pack.signal.any() and trainer.interrupts.came is None:
            trainer.interrupts.take(self.world.largest(arrived))

    @hookimpl(trylast=True)
    def count_outputs(self, trainer: Trainer, split: str, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The whole batch's outputs, put together from the parts of it that count."""
        own = None if self.part.empty else self._shared(outputs, bool(trainer.parts.metrics))
        arrived = trainer.interrupts.arrived or 0
        told = self.world.all_gather_object((own, arrived))
        parts = [each for each, _ in told if each is not None]
        if split == "train":
            self.count += own["count"] if own is not None else 0.0
            self.total += sum(each["count"] for each in parts)
        signals = [number for _, number in told if number]
        if signals and split != "train" and trainer.interrupts.came is None:
            trainer.interrupts.take(max(signals))
        return _together(parts, trainer.summed)

    def _shared(self, outputs: Mapping[str, Any], metrics: bool) -> dict[str, Any]:
        found = {name: value for name, value in outputs.items() if name not in ("prediction", "target")}
        found = {name: float(value) for name, value in found.items()}
        if metrics:
            found |= {name: outputs[name].detach().numpy() for name in ("prediction", "target")}
        return found

    @hookimpl
    def agree(self, answer: int) -> int:
        return self.world.largest(answer)

    @hookimpl(trylast=True)
    def run_end(self, status: str) -> None:
        if status == "failed":
            return
        self.world.barrier()  # the first has written all there is to write
        self.world.abort_at_exit(False)
        ended_well()
        if status == "interrupted" and self.world.rank:
            sys.exit(0)  # the exit code is the first one's

    def _packed(self, parameters: list[Tensor]) -> Pack:
        shapes = tuple((tuple(each.shape), each.detach().numpy().dtype.str) for each in parameters)
        if shapes not in self._packs:
            self._packs = {shapes: Pack(parameters)}
        return self._packs[shapes]

    def _check_alike(self, trainer: Trainer) -> None:
        """UserError, on all processes, where they have built different models."""
        own: list[Any] = [(name, tuple(each.shape), str(each.dtype)) for name, each in trainer.model.named_parameters()]
        own += [(f"the data {name!r}", _length(each)) for name, each in trainer.parts.splits.items()]
        first = self.world.broadcast_object(own)
        different = self.world.largest(int(own != first))
        if different:
            wrong = [each for each, other in zip(own, first, strict=False) if each != other] or ["their number"]
            raise UserError(
                f"The processes have built different things: on process {self.world.rank} it is {wrong[0]}. What a recipe "
                "builds may not go by the process, the time, or random numbers that no seed governs."
            )


class Pack:
    """One buffer for all gradients, with a place for each; how many have one travels with them, and a signal that has come."""

    def __init__(self, parameters: list[Tensor]) -> None:
        types = {each.detach().numpy().dtype for each in parameters}
        self.dtype = np.result_type(*types) if types else np.dtype(np.float32)
        sizes = [each.numel() for each in parameters]
        self.buffer = np.zeros(sum(sizes) + len(sizes) + 1, self.dtype)
        self.there, self.signal = self.buffer[sum(sizes) : -1], self.buffer[-1:]
        ends = np.cumsum(sizes)
        self._places = [
            self.buffer[end - size : end].reshape(tuple(each.shape))
            for each, size, end in zip(parameters, sizes, ends, strict=True)
        ]

    def places(self, parameters: list[Tensor]) -> Iterable[tuple[Tensor, np.ndarray]]:
        """Each parameter, with the part of the buffer that is its gradient's."""
        return zip(parameters, self._places, strict=True)


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except TypeError:
        return None


def _together(parts: list[dict[str, Any]], summed: bool) -> dict[str, Any]:
    """Parts of a batch as the whole: numbers are means by what the losses are means over, arrays are joined."""
    count = sum(each["count"] for each in parts)
    whole: dict[str, Any] = {}
    for name in parts[0]:
        if name in ("prediction", "target"):
            if len({each[name].shape[1:] for each in parts}) > 1:
                raise UserError(
                    f"The parts of a batch have {name}s of different shapes, {[each[name].shape for each in parts]}, which no "
                    "metric can take together: pad all batches to one length, or leave the metrics out."
                )
            whole[name] = framework.from_numpy(np.concatenate([each[name] for each in parts]))
        elif name == "count":
            whole[name] = count
        elif name == "loss" and summed:
            whole[name] = sum(each[name] for each in parts)
        else:
            whole[name] = sum(each[name] * each["count"] for each in parts) / count if count else float("nan")
    return whole
