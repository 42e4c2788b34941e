"""Connectionist temporal classification: the loss of label sequences that are shorter than the inputs they are read from.

Of a sample's labels l, the path is the sequence blank, l[0], blank, l[1], …, blank. An alignment goes along the path in
`input_length` steps, each of which stays, goes on by one place, or jumps over a blank between two different labels. The
loss is minus the logarithm of the sum of all alignments' probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.direct import taken_along
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.choosing import choose
from framework.operations.creation_arguments import type_name
from framework.operations.loss_reduction import read_reduction
from framework.operations.masking import where
from framework.operations.ranking_loss import reduce_losses

__all__ = ["ctc_loss"]

# Stands for the logarithm of 0 in the sums below: it adds up without nan, and nothing that is possible comes near it.
_NEVER = -1e30


def _walk(steps: Any, jumps: Any) -> Any:
    """The log-probability of being at each place of the path after each number of steps, from none on: (T + 1, N, S).

    `steps` are the log-probabilities (T, N, S) of a step that ends at a place, `jumps` (N, S) is 0 where two places may
    be gone at once, else the logarithm of 0.
    """
    count, samples, places = steps.shape
    padded = np.full((count + 1, samples, places + 2), _NEVER)
    padded[0, :, 2] = 0.0
    here = padded[:, :, 2:]
    # For each place what lies none, one and two places before it: the same memory, seen three times.
    strides = padded.strides
    before = np.lib.stride_tricks.as_strided(
        here, (count + 1, 3, samples, places), (strides[0], -strides[2], strides[1], strides[2])
    )
    hindered = np.zeros((3, samples, places))
    hindered[2] = jumps
    ways, largest = np.empty_like(hindered), np.empty((samples, places))
    for step in range(count):
        np.add(before[step], hindered, out=ways)
        np.maximum.reduce(ways, axis=0, out=largest)
        np.subtract(ways, largest, out=ways)
        np.exp(ways, out=ways)
        total = np.add.reduce(ways, axis=0)
        np.log(total, out=total)
        np.add(total, largest, out=total)
        np.add(total, steps[step], out=here[step + 1])
    return here


def _path(labels: Any, blank: int) -> tuple[Any, Any]:
    """The classes along the paths, (N, S), and where two places may be gone at once."""
    samples, longest = labels.shape
    classes = np.full((samples, 2 * longest + 1), blank)
    classes[:, 1::2] = labels
    jumps = np.full(classes.shape, _NEVER)
    jumps[:, 3::2][labels[:, 1:] != labels[:, :-1]] = 0.0
    return classes, jumps


def _along(log_probs: Any, classes: Any) -> Any:
    """The log-probabilities (T, N, S) of the paths' classes."""
    found = taken_along(log_probs, classes[None], 2).astype(np.float64)
    return np.maximum(found, _NEVER, out=found)


@operation(residuals=("labels", "walked"))
def _ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, zero_infinity: bool
) -> Any:
    input_lengths, target_lengths = np.asarray(input_lengths), np.asarray(target_lengths)
    labels = _labels(log_probs, np.asarray(targets), input_lengths, target_lengths, blank)
    path, jumps = _path(labels, blank)
    walked = _walk(_along(log_probs, path), jumps)
    samples = np.arange(len(labels))
    # The last place of the path is a blank; the last label itself is as good an end.
    last = walked[input_lengths, samples, 2 * target_lengths]
    label = walked[input_lengths, samples, np.maximum(2 * target_lengths - 1, 0)]
    losses = -np.where(target_lengths > 0, np.logaddexp(last, label), last)
    return choose(losses > -_NEVER / 2, np.inf, losses).astype(log_probs.dtype), labels, walked


def _labels(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int) -> Any:
    """The labels (N, L) of samples side by side, blank where a sample has no more. Raises for wrong arguments."""
    count, samples, classes = log_probs.shape
    checked = "(while checking arguments for ctc_loss_allocate_outputs)"
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if input_lengths.shape != (samples,):
        raise RuntimeError("input_lengths must be of size batch_size")
    if target_lengths.shape != (samples,):
        raise RuntimeError("target_lengths must be of size batch_size")
    for name, lengths in (("target_lengths", target_lengths), ("input_lengths", input_lengths)):
        if lengths.min() < 0:
            below = lengths[lengths < 0][0]
            raise RuntimeError(f"Expected {name} to have value at least 0, but got value {below} {checked}")
    longest, total = int(target_lengths.max()), int(target_lengths.sum())
    which = np.arange(longest) < target_lengths[:, None]
    labels = np.full((samples, longest), blank)
    if targets.ndim == 1:
        if targets.shape[0] != total:
            raise RuntimeError(
                f"Expected tensor to have size {total} at dimension 0, but got size {targets.shape[0]} for argument #2 "
                f"'targets' {checked}"
            )
        labels[which] = targets
    else:
        if targets.shape[0] != samples:
            raise RuntimeError(
                f"Expected tensor to have size {samples} at dimension 0, but got size {targets.shape[0]} for argument "
                f"#2 'targets' {checked}"
            )
        if targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size {targets.shape[1]} for "
                f"argument #2 'targets' {checked}"
            )
        labels[which] = targets[:, :longest][which]
    if input_lengths.max() > count:
        above = input_lengths[input_lengths > count][0]
        raise RuntimeError(f"Expected input_lengths to have value at most {count}, but got value {above} {checked}")
    if labels.size and not ((labels >= 0) & (labels < classes)).all():
        raise IndexError(f"Target {labels[(labels < 0) | (labels >= classes)][0]} is out of bounds.")
    return labels


@_ctc_loss.derivative("log_probs")
def _(
    g: Any,
    log_probs: Any,
    out: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
    labels: Any,
    walked: Any,
) -> Any:
    return _ctc_loss_backward(g, log_probs, out, input_lengths, target_lengths, blank, zero_infinity, labels, walked)


@operation()
def _ctc_loss_backward(
    gradient: Any,
    log_probs: Any,
    losses: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
    labels: Any,
    walked: Any,
) -> Any:
    """exp(log_probs) less the share of the alignments that are at a class at a time.

    The first term is PyTorch's: it is right behind a log_softmax, which takes any constant out again.
    """
    count, samples, classes = log_probs.shape
    input_lengths, target_lengths = np.asarray(input_lengths), np.asarray(target_lengths)
    path, _ = _path(labels, blank)
    steps = _along(log_probs, path)
    # What comes after is what came before, read from the end of each sample's own input and path.
    times = (input_lengths - 1 - np.arange(count)[:, None])[:, :, None]
    places = (2 * target_lengths[:, None] - np.arange(path.shape[1]))[None]
    turned = (np.maximum(times, 0), np.arange(samples)[None, :, None], np.maximum(places, 0))
    _, turned_jumps = _path(taken_along(path, turned[2][0], 1)[:, 1::2], blank)
    after = _walk(steps[turned], turned_jumps)[1:][turned]
    share = np.exp(walked[1:] + after - steps + losses[None, :, None])
    share = choose((times >= 0) & (places >= 0), share, 0.0)
    of_class = (path[:, :, None] == np.arange(classes)).astype(np.float64)
    shares = np.moveaxis(np.matmul(np.moveaxis(share, 0, 1), of_class), 1, 0)
    result = (np.exp(log_probs) - shares) * gradient[:, None]
    left_out = (times < 0) | (zero_infinity & np.isinf(losses))[:, None]
    return choose(left_out, 0.0, result).astype(log_probs.dtype)


def _no_second_derivative(g: Any, log_probs: Any) -> Any:
    raise RuntimeError("derivative for aten::_ctc_loss_backward is not implemented")


_ctc_loss_backward.add_derivative(_no_second_derivative, "log_probs")


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The loss of label sequences given log-probabilities (T, N, C), or (T, C) for one sample.

    `targets` are class indices (N, L), or those of all samples one after the other; the lengths say how many steps of
    the input and how many labels count (a sequence of ints or a tensor). "mean" divides each loss by its number of
    labels first. Where labels do not fit into the input the loss is infinite, with `zero_infinity` 0 as its gradient.
    """
    reduction = read_reduction(reduction)
    given = (log_probs, targets, input_lengths, target_lengths, blank)
    of_tensors = isinstance(input_lengths, Tensor) and isinstance(target_lengths, Tensor)
    of_ints = isinstance(input_lengths, (tuple, list)) and isinstance(target_lengths, (tuple, list))
    if not (isinstance(log_probs, Tensor) and isinstance(targets, Tensor) and (of_tensors or of_ints)):
        kinds = ", ".join(["Tensor" if isinstance(each, Tensor) else type_name(each) for each in given])
        raise TypeError(
            f"ctc_loss() received an invalid combination of arguments - got ({kinds}, int, bool), but expected one of:"
        )
    batched = log_probs.dim() == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
    if of_tensors:
        for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
            if lengths.is_floating_point():
                raise RuntimeError(f"{name} must be integral")
        input_lengths, target_lengths = input_lengths.reshape(-1), target_lengths.reshape(-1)
    _check(log_probs, targets)
    input_lengths, target_lengths = (
        each._array.astype(np.int64) if of_tensors else tuple(each) for each in (input_lengths, target_lengths)
    )
    losses = _ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, zero_infinity)
    if zero_infinity:
        losses = where(losses == float("inf"), 0.0, losses)
    if reduction == "mean":
        losses = losses / wrap(np.maximum(np.asarray(target_lengths), 1).astype(losses._array.dtype))
    if reduction == "none":
        return losses if batched else losses.squeeze(0)
    return reduce_losses(losses, reduction)


def _check(log_probs: Tensor, targets: Tensor) -> None:
    checked = "(while checking arguments for ctc_loss_allocate_outputs)"
    x, t = log_probs._array, targets._array
    if not x.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if x.dtype.kind != "f" or x.dtype.itemsize == 2:
        raise NotImplementedError(f"\"ctc_loss_cpu\" not implemented for '{log_probs.dtype.scalar_name}'")
    if x.ndim != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {x.ndim}-dimensional tensor for argument #1 'log_probs' {checked}"
        )
    if t.ndim not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {t.ndim}-dimensional tensor for argument #2 'targets' {checked}"
        )
