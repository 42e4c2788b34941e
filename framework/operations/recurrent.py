"""Recurrent networks of several layers, in one or both directions: `lstm`, `gru`, `rnn_tanh`, `rnn_relu`.

Each takes (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or, for packed
sequences, (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional). `params` are the
weights of one layer and direction after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import Operation, operation
from framework.autograd.tensor import Tensor
from framework.operations.dropout import dropout as dropped
from framework.operations.gru import gru_layer
from framework.operations.joining import cat, stack, unbind
from framework.operations.lstm import lstm_layer
from framework.operations.packing import sizes_of
from framework.operations.plain_recurrence import rnn_layer

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]


# A layer reads its result again in backward: where PyTorch lets the caller write into it, it is handed out as a copy.
_apart_padded = operation(
    lambda input: np.copy(input), name="apart_padded", grad_fn="StackBackward0", input=lambda g: g
)
_apart_packed = operation(lambda input: np.copy(input), name="apart_packed", grad_fn="CatBackward0", input=lambda g: g)


@dataclass
class _Network:
    """What the arguments of a call say."""

    input: Tensor
    hx: Any
    params: Sequence[Tensor]
    has_biases: bool
    num_layers: int
    dropout: float
    train: bool
    bidirectional: bool
    batch_first: bool = False
    batch_sizes: Tensor | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many sequences each step has."""
        if self.batch_sizes is not None:
            return sizes_of(self.batch_sizes)
        return (self.input.shape[1],) * self.input.shape[0]


def _read(name: str, args: tuple[Any, ...], named: dict[str, Any], lists_hx: bool) -> _Network:
    """The arguments, of the form for padded or for packed sequences: of the latter `params` come fourth."""
    usual = len(args) == 9 and not named and isinstance(args[0], Tensor) and isinstance(args[3], bool)
    if usual and (lists_hx or isinstance(args[1], Tensor)):
        # As layers call it.
        return _Network(*args)
    keys = ["input", "hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional", "batch_first"]
    is_packed = "batch_sizes" in named or (len(args) > 3 and isinstance(args[3], (list, tuple)))
    if is_packed:
        keys = ["input", "batch_sizes", *keys[1:-1]]
    named = {"input" if key == "data" else key: value for key, value in named.items()}
    found = dict(zip(keys, args, strict=False))
    if len(args) > len(keys) or not {*found, *named} == set(keys) or found.keys() & named.keys():
        first = "data, batch_sizes" if is_packed else "input"
        raise TypeError(f"{name}() takes ({', '.join([first, *keys[1 + is_packed :]])})")
    network = _Network(**found, **named)
    for key in ("input", *(["batch_sizes"] if is_packed else []), *([] if lists_hx else ["hx"])):
        if not isinstance(getattr(network, key), Tensor):
            raise TypeError(f"{name}(): argument '{key}' must be Tensor, not {type(getattr(network, key)).__name__}")
    return network


def _weights(network: _Network, each: int) -> list[tuple[Tensor | None, ...]]:
    """The weights of each layer and direction: four, where there is no bias with None for it, or with one more."""
    count = each if network.has_biases else each - 2
    params = list(network.params)
    if len(params) % count:
        raise RuntimeError("got an incorrect number of RNN parameters")
    found: list[tuple[Tensor | None, ...]] = [tuple(params[at : at + count]) for at in range(0, len(params), count)]
    return found if network.has_biases else [(one[0], one[1], None, None, *one[2:]) for one in found]


def _check(network: _Network, states: Sequence[Tensor], weights: Sequence[Sequence[Tensor | None]]) -> None:
    """Raises PyTorch's errors for types, numbers of layers and sizes that do not agree."""
    x = network.input._array
    for each in (*states, *[one for layer in weights for one in layer if one is not None]):
        if each._array.dtype != x.dtype:
            names = [dtypes.from_numpy(one.dtype).scalar_name for one in (x, each._array)]
            raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {names[0]} and {names[1]}")
    if x.ndim != (2 if network.batch_sizes is not None else 3):
        raise RuntimeError(f"input must have {2 if network.batch_sizes is not None else 3} dimensions, got {x.ndim}")
    if not x.shape[1 if network.batch_first else 0]:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    layers = network.num_layers * (2 if network.bidirectional else 1)
    if len(weights) != layers or any(each._array.shape[0] != layers for each in states):
        raise RuntimeError("Expected more hidden states in stacked_rnn")
    for kind, matrix, width in (("input", weights[0][0], x.shape[-1]), ("hidden", weights[0][1], states[0].shape[-1])):
        if matrix is not None and matrix.shape[1] != width:
            rows = x.size // (width or 1) if kind == "input" else states[0].shape[1]
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{width} and {matrix.shape[1]}x{matrix.shape[0]})"
            )


def _packed_rows(data: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The rows of packed data that its steps have; RuntimeError for sizes of steps that no packed sequence has."""
    count = data._array.shape[0]
    if not sizes or not all(isinstance(size, int) for size in sizes):
        raise RuntimeError("expected scalar type Long but found Float")
    if sizes[-1] <= 0 or list(sizes) != sorted(sizes, reverse=True):
        raise RuntimeError(f"batch_sizes must be positive and never grow from step to step, but got {list(sizes)}")
    total = sum(sizes)
    if total > count:
        raise RuntimeError(f"start ({total - sizes[-1]}) + length ({sizes[-1]}) exceeds dimension size ({count}).")
    return data if total == count else data[:total]


def _check_batch(state: Tensor, batch: int) -> None:
    """Raises PyTorch's errors for first states (layers, B, H) of another batch."""
    given, width = state._array.shape[1:]
    if given == 1 != batch:
        raise RuntimeError(f"output with shape [1, {width}] doesn't match the broadcast shape [{batch}, {width}]")
    if given != batch:
        raise RuntimeError(
            f"The size of tensor a ({given}) must match the size of tensor b ({batch}) at non-singleton dimension 0"
        )


def _run(
    network: _Network,
    states: Sequence[Tensor],
    weights: list[tuple[Tensor | None, ...]],
    layer: Callable[..., tuple[Tensor, ...]],
    is_quick: bool = False,
) -> tuple[Tensor, ...]:
    """The output of the last layer, and each kind of last state of all layers.

    `layer` is called with the input, the first states, the weights, the sizes and whether to go backward.
    """
    _check(network, states, weights)
    apart = _apart_packed if network.batch_sizes is not None else _apart_padded
    x = network.input.transpose(0, 1) if network.batch_first else network.input
    network.input = x
    sizes = network.sizes
    if network.batch_sizes is not None:
        network.input = x = _packed_rows(x, sizes)
    for each in states:
        _check_batch(each, sizes[0])
    starts = list(zip(*[unbind(each) for each in states], strict=True))
    directions = 2 if network.bidirectional else 1
    ends: list[Sequence[Tensor]] = []
    for number in range(network.num_layers):
        found = []
        for direction in range(directions):
            place = number * directions + direction
            out, *last = layer(x, *starts[place], *weights[place], sizes, direction == 1)
            found.append(out)
            ends.append(last[: len(states)])
        x = cat(found, -1) if directions == 2 else found[0]
        if network.dropout and network.train and number < network.num_layers - 1:
            x = dropped(x, network.dropout, True)
    return (x if is_quick or directions == 2 else apart(x), *[stack(each) for each in zip(*ends, strict=True)])


def _turned(found: tuple[Tensor, ...], network: _Network) -> tuple[Tensor, ...]:
    """The result with the batch first, if that is asked for."""
    return (found[0].transpose_(0, 1), *found[1:]) if network.batch_first else found


def _with_halves(run: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """Runs on float32 what is given in half precision."""

    def run_on(network: _Network, states: Sequence[Tensor], weights: Any, *rest: Any) -> tuple[Tensor, ...]:
        if network.input._array.dtype != np.float16:
            return run(network, states, weights, *rest)
        _check(network, states, weights)
        network.input = network.input.float()
        states = [each.float() for each in states]
        weights = [tuple([None if one is None else one.float() for one in each]) for each in weights]
        return tuple([each.half() for each in run(network, states, weights, *rest)])

    return run_on


_run_any = _with_halves(_run)


def lstm(*args: Any, **named: Any) -> tuple[Tensor, ...]:
    """Output, last hidden states and last cells of a long short-term memory; `hx` are the first of both.

    Where `hx` are not as wide as their cells, the weights of a layer end with those that project.
    """
    network = _read("lstm", args, named, lists_hx=True)
    if not isinstance(network.hx, (list, tuple)) or len(network.hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    hidden, cell = network.hx
    projects = hidden.shape[-1] != cell.shape[-1]
    weights = _weights(network, 5 if projects else 4)
    is_quick = not projects and network.batch_sizes is None and network.input._array.dtype == np.float32

    def layer(x: Tensor, h: Tensor, c: Tensor, *rest: Any) -> tuple[Tensor, ...]:
        *matrices, sizes, reverse = rest
        matrices = matrices if projects else [*matrices, None]
        return lstm_layer.function(x, h, c, *matrices, sizes, reverse)

    found = _run_any(network, (hidden, cell), weights, layer, is_quick)
    if network.batch_first:
        return (found[0].transpose(0, 1), *found[1:])
    return found


def _one_state(name: str, row: Operation, *options: Any) -> Callable[..., tuple[Tensor, ...]]:
    """The network of a layer that hands on nothing but its hidden state, as a function."""

    def network_of(*args: Any, **named: Any) -> tuple[Tensor, ...]:
        network = _read(name, args, named, lists_hx=False)

        def layer(x: Tensor, h: Tensor, *rest: Any) -> tuple[Tensor, ...]:
            *matrices, sizes, reverse = rest
            return row.function(x, h, *matrices, *options, sizes, reverse)

        found = _run_any(network, (network.hx,), _weights(network, 4), layer)
        return _turned(found, network)

    network_of.__name__ = network_of.__qualname__ = name
    return network_of


gru = _one_state("gru", gru_layer)
gru.__doc__ = "Output and last hidden states of gated recurrent units."
rnn_tanh = _one_state("rnn_tanh", rnn_layer, True)
rnn_tanh.__doc__ = "Output and last hidden states of plain recurrent layers with tanh."
rnn_relu = _one_state("rnn_relu", rnn_layer, False)
rnn_relu.__doc__ = "Output and last hidden states of plain recurrent layers with relu."
