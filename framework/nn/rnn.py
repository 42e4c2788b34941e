"""Recurrent layers over whole sequences: `RNN`, `LSTM`, `GRU`."""

from __future__ import annotations

import math
import warnings
from typing import Any

from framework.autograd import Tensor
from framework.nn import init
from framework.nn.module import Module
from framework.nn.parameter import Parameter
from framework.nn.recurrent_cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from framework.nn.utils.rnn import PackedSequence
from framework.operations import empty, gru, lstm, rnn_relu, rnn_tanh, zeros
from framework.operations.packing import sizes_of

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_FUNCTIONS = {"LSTM": lstm, "GRU": gru, "RNN_TANH": rnn_tanh, "RNN_RELU": rnn_relu}


class RNNBase(Module):
    """What recurrent layers share: their weights, one set for each layer and direction, and the call."""

    __constants__ = (
        "mode",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
    )

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_options(dropout)
        self._all_weights: list[list[str]] = []
        directions = 2 if bidirectional else 1
        out_size = proj_size or hidden_size
        rows = _GATES[mode] * hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else out_size * directions
            for direction in range(directions):
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out_size)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                suffix = f"_l{layer}{'_reverse' if direction else ''}"
                for name, shape in shapes.items():
                    setattr(self, name + suffix, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append([name + suffix for name in shapes])
        self.reset_parameters()

    def _check_options(self, dropout: Any) -> None:
        """Raises PyTorch's errors for options of a wrong type or value."""
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if self.dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
            if kind is int and value <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    def reset_parameters(self) -> None:
        """Draws all weights anew, as PyTorch does."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: on the CPU PyTorch does nothing either."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        """The weights as they are now: each may be a Parameter or, parametrized, any tensor."""
        return [getattr(self, name, None) for name in self._flat_weights_names]

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raises for an input of another type, rank or width than the layer takes."""
        dtype = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: "
                f"input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        rank = 3 if batch_sizes is None else 2
        if input.dim() != rank:
            raise RuntimeError(f"input must have {rank} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of hidden states for this input."""
        return self._state_shape(input, batch_sizes, self.proj_size or self.hidden_size)

    def _state_shape(self, input: Tensor, batch_sizes: Tensor | None, width: int) -> tuple[int, int, int]:
        batch = input.size(0 if self.batch_first else 1) if batch_sizes is None else sizes_of(batch_sizes)[0]
        return self.num_layers * (2 if self.bidirectional else 1), batch, width

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Raises for first states of another shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises for an input or first states that the layer does not take."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """States in another order of sequences."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _zeros(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        """The first states where none are given."""
        return zeros(self.get_expected_hidden_size(input, batch_sizes), dtype=input.dtype)

    def _lifted(self, hx: Any, is_batched: bool, input: Tensor) -> Any:
        """First states that are given, with a batch; raises for another rank than the input's."""
        rank = 3 if is_batched else 2
        if hx.dim() != rank:
            kind = "batched 3-D" if is_batched else "unbatched 2-D"
            raise RuntimeError(f"For {kind} input, hx should also be {rank}-D but got {hx.dim()}-D tensor")
        return hx if is_batched else hx.unsqueeze(1)

    def _run(self, input: Any, hx: Any) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            name = self._get_name()
            given = f"{input.dim()}D tensor" if name == "RNN" else f"{input.dim()}D"
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {given} instead")
        is_batched = input.dim() == 3
        if not is_batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
        hx = self._zeros(input, None) if hx is None else self._lifted(hx, is_batched, input)
        self.check_forward_args(input, hx, None)
        output, hidden = self._call((input, hx), (self.batch_first,))
        if is_batched:
            return output, hidden
        return output.squeeze(0 if self.batch_first else 1), self._unbatched(hidden)

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        data, sizes, order, back = packed
        hx = self._zeros(data, sizes) if hx is None else self.permute_hidden(hx, order)
        self._check_packed(data, hx, sizes)
        output, hidden = self._call((data, sizes, hx), ())
        return PackedSequence(output, sizes, order, back), self.permute_hidden(hidden, back)

    def _check_packed(self, data: Tensor, hx: Any, batch_sizes: Tensor | None) -> None:
        self.check_forward_args(data, hx, batch_sizes)

    def _call(self, given: tuple[Any, ...], rest: tuple[Any, ...]) -> tuple[Tensor, Any]:
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        output, *hidden = _FUNCTIONS[self.mode](*given, self._flat_weights, *options, *rest)
        return output, hidden[0] if len(hidden) == 1 else tuple(hidden)

    def _unbatched(self, hidden: Any) -> Any:
        return hidden.squeeze(1)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        parts += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(parts)


class RNN(RNNBase):
    """Plain recurrent layers: h' = tanh(W x + b + V h + c), or with `nonlinearity="relu"` relu.

    Takes an input (T, B, I), (B, T, I) with `batch_first`, (T, I), or a PackedSequence, and first hidden states
    (layers · directions, B, H); gives the output (T, B, directions · H) and the last hidden states.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The output of the last layer at each step, and the last hidden states of all layers."""
        return self._run(input, hx)


class LSTM(RNNBase):
    """Long short-term memory: takes and gives what RNN does, with first and last states as pairs of hidden states and
    cells; with `proj_size` hidden states are so wide."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The output of the last layer at each step, and the last hidden states and cells of all layers."""
        return self._run(input, hx)

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of cells for this input."""
        return self._state_shape(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        self._check_packed(input, hidden, batch_sizes)

    def _check_packed(self, data: Tensor, hx: Any, batch_sizes: Tensor | None) -> None:
        sizes = self.get_expected_hidden_size(data, batch_sizes), self.get_expected_cell_size(data, batch_sizes)
        for number, (state, size) in enumerate(zip(hx, sizes, strict=False)):
            self.check_hidden_size(state, size, f"Expected hidden[{number}] size {{}}, got {{}}")

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        if permutation is None:
            return hx
        return hx[0].index_select(1, permutation), hx[1].index_select(1, permutation)

    def _zeros(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        cells = zeros(self.get_expected_cell_size(input, batch_sizes), dtype=input.dtype)
        return super()._zeros(input, batch_sizes), cells

    def _lifted(self, hx: Any, is_batched: bool, input: Tensor) -> Any:
        rank = 3 if is_batched else 2
        if hx[0].dim() != rank or hx[1].dim() != rank:
            kind = "batched 3-D" if is_batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {rank}-D but got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )
        return hx if is_batched else (hx[0].unsqueeze(1), hx[1].unsqueeze(1))

    def _unbatched(self, hidden: Any) -> Any:
        return hidden[0].squeeze(1), hidden[1].squeeze(1)


class GRU(RNNBase):
    """Gated recurrent units: takes and gives what RNN does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The output of the last layer at each step, and the last hidden states of all layers."""
        return self._run(input, hx)
