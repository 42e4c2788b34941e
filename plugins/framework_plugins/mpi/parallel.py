"""The plugin that trains in parallel: data is cut, gradients and numbers are put together, all ranks decide alike."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Generator, Iterable, Mapping
from typing import Any

import numpy as np

import framework
from framework.extend import Tensor, Trainer, UserError, hookimpl, no_grad, updated_parameters
from framework.nn.parameter import is_lazy
from framework.training.data_digest import data_digest
from framework.training.samples import known_length
from framework_plugins.mpi.joining import tell_starter, training
from framework_plugins.mpi.sharding import Part, part_of
from framework_plugins.mpi.world import World

__all__ = ["DataParallel"]


FEW_ROWS = (
    "Each process takes the statistics of its own part of a batch, of which the last may be small: leave that out with "
    "DataLoader(…, drop_last=True), take fewer processes, or --sync-batch-norm, which goes by the whole batch."
)


OWN_LOSS = (
    "The loss is none of nn's: in several processes it is taken for a mean over its targets, or a sum if its `reduction` says "
    "so. If it is a mean over something else (by class weights, without ignored targets), give the recipe a step that returns "
    "that as 'count', or take a loss of nn."
)

ENDED = -1.0
"""In the place of a split's number, where a process has no more batches."""


class DataParallel:
    """Each of a world's processes trains with its part of every batch; their gradients' mean is that of the whole batch."""

    def __init__(self, world: World, sync_batch_norm: bool = False) -> None:
        self.world, self.sync_batch_norm = world, sync_batch_norm
        self.part = Part(world.rank, world.size)
        # Of this batch: what the losses of this process, and of all, are means over. And of all since the last update.
        self.own = self.whole = 0.0
        self.count = self.total = 0.0
        self.stream: Tensor | None = None
        self.signal = 0
        self.passes = 0  # over this batch, that an optimizer's closure has made
        self._kept: dict[Tensor, Tensor] = {}
        self._packs: dict[Any, Pack] = {}
        self._width = 0  # of what each tells of a batch, the last of which is the split

    @hookimpl(trylast=True)
    def prepare_data(self, split: str, data: Iterable[Any]) -> Iterable[Any]:
        return part_of(data, self.part)

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        if trainer.optimizer is None:
            raise UserError(
                "The recipe's step updates the model itself, so gradients cannot be put together before it."
            )
        if any(map(is_lazy, trainer.model.parameters())):
            raise UserError(
                "The model has lazy modules: have the recipe call it once, so that its parameters have shapes."
            )
        training(True)
        trainer.interrupts.deferred = True
        if self.sync_batch_norm:
            from framework_plugins.mpi.batch_norm import synchronise

            synchronise(trainer, self.world, self.part)
        self._check_alike(trainer)
        if trainer.recipe.step is None and not _is_of_nn(trainer):
            trainer.plugins.report(OWN_LOSS)
        if trainer.run is not None:
            tell_starter("run", str(trainer.run.path.absolute()))
        self._same((*trainer.model.parameters(), *trainer.model.buffers()))
        self.count, self.total, self.stream, self.signal, self._width = 0.0, 0.0, None, 0, 0

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
        self._kept = {each: each.grad.clone() for each in updated_parameters(trainer) if each.grad is not None}
        self.passes = 0
        self._at_the_batch(trainer)

    def _at_the_batch(self, trainer: Trainer) -> None:
        self._back()
        self.stream = framework.get_rng_state()
        seed = (trainer.recipe.seed or 0) % 2**64
        place = [seed, trainer.epoch, trainer.batch, self.world.rank, *([self.passes] if self.passes else [])]
        framework.manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))
        self.part.together = True

    def _back(self) -> None:
        """Go back to the numbers that one process would draw: orders are drawn from them, and checkpoints hold them."""
        if self.stream is not None:
            framework.set_rng_state(self.stream)
            self.stream = None

    @hookimpl(wrapper=True, tryfirst=True)
    def validate(self, trainer: Trainer) -> Generator[None, Any, Any]:
        """Validation is of one model: statistics that each process has gathered are the first one's for it."""
        self._back()
        self._end_of_data("train")
        self._same(trainer.model.buffers())
        numbers = yield
        self._end_of_data("validation")
        return numbers

    @hookimpl(trylast=True)
    def count_outputs(self, trainer: Trainer, split: str, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The whole batch's outputs, put together from the parts of it that count."""
        self.part.together = False
        numbers = {name: float(value) for name, value in outputs.items() if name not in ("prediction", "target")}
        self.own = 0.0 if self.part.empty else numbers["count"]
        number = list(trainer.parts.splits).index(split)
        numbers |= {"count": self.own, "signal": trainer.interrupts.arrived or 0, "split": number}
        self._width = len(numbers)
        table = self.world.all_gather(np.array(list(numbers.values())))
        columns = dict(zip(numbers, table.T, strict=True))
        _check_at_one(split, columns.pop("split"))
        self.signal = int(columns.pop("signal").max())
        if split != "train":
            self._take_signal(trainer)
        whole = _means(columns, trainer.summed)
        self.whole = whole["count"]
        if trainer.parts.metrics:
            own = None if self.part.empty else [outputs[name].detach().numpy() for name in ("prediction", "target")]
            whole |= _joined([each for each in self.world.all_gather_object(own) if each is not None])
        return {**outputs, **whole}

    def _end_of_data(self, split: str) -> None:
        """All have come to the end of their data, as to each batch, at the same time."""
        if self._width:
            _check_at_one(split, self.world.all_gather(np.full(self._width, ENDED))[:, -1])

    def _take_signal(self, trainer: Trainer) -> None:
        if self.signal and trainer.interrupts.came is None:
            trainer.interrupts.take(self.signal)

    @hookimpl(tryfirst=True)
    def after_backward(self, trainer: Trainer) -> None:
        """The gradient of a part that counts nothing is none; if batch norm is synchronised, it comes by way of the others."""
        self._back()
        if self.sync_batch_norm:
            trainer.count = self.whole
        elif not self.own:
            trainer.count = 0.0
            for each in updated_parameters(trainer):
                each.grad = self._kept.get(each)
        self.count += self.own
        self.total += self.whole

    @hookimpl(tryfirst=True, after="accumulation", before="gradient_clipping")
    def before_step(self, trainer: Trainer) -> None:
        """Gradients of the whole batch, or of all since the last update."""
        self._add_up(trainer, self.count, self.total)
        self.count = self.total = 0.0
        self._take_signal(trainer)

    @hookimpl(wrapper=True, tryfirst=True)
    def closure(self, trainer: Trainer) -> Generator[None, Tensor, Tensor]:
        """An optimizer that searches sees the loss and the gradients of the whole batch, and so does the same in all."""
        self.passes += 1
        self._at_the_batch(trainer)
        loss = yield
        self._back()
        self.part.together = False
        self._add_up(trainer, self.own, self.whole)
        weight = self.own / self.whole if self.whole else np.nan
        part = np.array(loss.item() * (1.0 if trainer.summed else weight) if self.own else 0.0)
        self.world.all_reduce(part)
        return loss.new_tensor(part.item())

    @no_grad()
    def _add_up(self, trainer: Trainer, own: float, whole: float) -> None:
        """Puts the sum of all processes' gradients, each weighed by what its loss is a mean over, in the place of each."""
        parameters = updated_parameters(trainer)
        pack = self._packed(parameters)
        if trainer.summed or self.sync_batch_norm:
            weight = 1.0
        else:
            weight = own / whole if whole else 0.0
        for each, place in pack.places(parameters):
            if each.grad is None or not weight:
                place[...] = 0
            else:
                np.multiply(each.grad.numpy(), pack.dtype.type(weight), out=place)
        pack.there[:] = [each.grad is not None for each in parameters]
        self.world.all_reduce(pack.buffer)
        for (each, place), there in zip(pack.places(parameters), pack.there, strict=True):
            if each.grad is None and there:
                each.grad = framework.zeros_like(each)
            if each.grad is not None:
                each.grad.numpy()[...] = place

    @hookimpl
    def all_gather(self, value: Any) -> list[Any]:
        self.part.together = True
        return self.world.all_gather_object(value)

    @hookimpl
    def run_failed(self, error: BaseException) -> None:
        if isinstance(error, ValueError) and "more than 1 value per channel" in str(error):
            error.args = (f"{error}. {FEW_ROWS}",)

    @hookimpl(trylast=True)
    def run_end(self, trainer: Trainer, status: str) -> None:
        if status == "failed" or (status == "interrupted" and trainer.interrupts.came is None):
            return  # alone: the others do not come here
        self.world.barrier()  # the first has written all there is to write
        training(False)
        if status == "interrupted" and self.world.rank:
            sys.exit(0)  # the exit code is the first one's

    def _packed(self, parameters: list[Tensor]) -> Pack:
        shapes = tuple((tuple(each.shape), each.detach().numpy().dtype.str) for each in parameters)
        if shapes not in self._packs:
            self._packs = {shapes: Pack(parameters)}
        return self._packs[shapes]

    def _check_alike(self, trainer: Trainer) -> None:
        """UserError, on all processes, where they have built different models."""
        own: list[Any] = [
            (name, tuple(each.shape), str(each.dtype), each.requires_grad)
            for name, each in trainer.model.named_parameters()
        ]
        own += [(f"the data {name!r}", known_length(each)) for name, each in trainer.parts.splits.items()]
        own += [(f"what the data {name!r} holds", data_digest(each)) for name, each in trainer.recipe.splits.items()]
        own += [("epochs", trainer.epochs), ("metrics", *trainer.parts.metrics)]
        own += [("the optimizer", type(trainer.optimizer).__name__)]
        for group in getattr(trainer.optimizer, "param_groups", ()):
            own += [("the optimizer's", *each) for each in group.items() if isinstance(each[1], int | float | None)]
        told = self.world.all_gather_object(own)
        for process, other in enumerate(told):
            if other != told[0]:
                pairs = itertools.zip_longest(told[0], other, fillvalue=("no more",))
                here, there = next(pair for pair in pairs if pair[0] != pair[1])
                raise UserError(
                    f"The processes have built different things: process 0 has {_words(here)}, process {process} "
                    f"{_words(there)}. What a recipe builds may not go by the process, the time, the order of a set "
                    "(PYTHONHASHSEED=0 has that be one), or random numbers that no seed governs."
                )


def _is_of_nn(trainer: Trainer) -> bool:
    loss = trainer.recipe.loss
    found = trainer.plugins.registry("losses")[loss] if isinstance(loss, str) else loss
    kind = found if isinstance(found, type) else type(found)
    return kind.__module__.startswith("framework.nn.")


def _words(fact: tuple[Any, ...]) -> str:
    return " ".join(map(str, fact))


class Pack:
    """One buffer for all gradients, with a place for each; how many processes have one travels with them."""

    def __init__(self, parameters: list[Tensor]) -> None:
        types = {each.detach().numpy().dtype for each in parameters}
        self.dtype = np.result_type(*types) if types else np.dtype(np.float32)
        sizes = [each.numel() for each in parameters]
        self.buffer = np.zeros(sum(sizes) + len(sizes), self.dtype)
        self.there = self.buffer[sum(sizes) :]
        ends = np.cumsum(sizes)
        self._places = [
            self.buffer[end - size : end].reshape(tuple(each.shape))
            for each, size, end in zip(parameters, sizes, ends, strict=True)
        ]

    def places(self, parameters: list[Tensor]) -> Iterable[tuple[Tensor, np.ndarray]]:
        """Each parameter, with the part of the buffer that is its gradient's."""
        return zip(parameters, self._places, strict=True)


def _check_at_one(split: str, found: np.ndarray) -> None:
    """UserError, on all processes, where they are not all at a batch of the same split, or at the end of all."""
    if (found == found[0]).all():
        return
    ahead = int(np.argmax(found == ENDED if ENDED in found else found))
    raise UserError(
        f"Process {ahead} is through with the {split} data where others have batches left. All must read the same batches, of "
        "which each is given its part: a recipe does not divide its data itself, and an error in reading must be raised."
    )


def _means(columns: Mapping[str, np.ndarray], summed: bool) -> dict[str, Any]:
    """Numbers of a batch's parts as the whole's: means by what the losses are means over; nan where that is nothing."""
    count = columns["count"]
    some = count > 0
    total = count.sum()
    means = {name: (each * count)[some].sum() / total if total else np.nan for name, each in columns.items()}
    if summed:
        means["loss"] = columns["loss"][some].sum()
    return {name: float(each) for name, each in means.items()} | {"count": float(total)}


def _joined(parts: list[list[np.ndarray]]) -> dict[str, Tensor]:
    """Predictions and targets of a batch's parts as the whole's."""
    whole = {}
    for name, arrays in zip(("prediction", "target"), zip(*parts, strict=True), strict=True):
        if len({each.shape[1:] for each in arrays}) > 1:
            raise UserError(
                f"The parts of a batch have {name}s of different shapes, {[each.shape for each in arrays]}, which no "
                "metric can take together: pad all batches to one length, or leave the metrics out."
            )
        whole[name] = framework.from_numpy(np.concatenate(arrays))
    return whole
