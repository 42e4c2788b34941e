"""Draw tensors of random numbers: PyTorch's CPU streams, from the default generator or one that is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import as_before, check_writable, write
from framework.operations.conversion import order_of
from framework.operations.creation_arguments import (
    check_tensor,
    default_dtype,
    finish,
    read_device,
    read_dtype,
    read_size,
    type_name,
)
from framework.random import Generator, default_generator

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]


def _generator(name: str, generator: Any) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


def _drawn(name: str, draw: Callable[[Generator, tuple[int, ...], Any], Any]) -> Any:
    """`rand` or `randn`."""

    def function(
        *size: Any,
        generator: Generator | None = None,
        out: Tensor | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        **named: Any,
    ) -> Tensor:
        if size and not named and generator is None and out is None and dtype is device is None:
            return finish(draw(default_generator, read_size(name, size), default_dtype()), requires_grad)
        if "size" in named:
            size = (named.pop("size"),)
            if not isinstance(size[0], (tuple, list)):
                raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not {type(size[0]).__name__}")
        elif not size:
            raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
        if named:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
        read_device(device)
        target = read_dtype(name, dtype) or (default_dtype() if out is None else out._array.dtype)
        return finish(draw(_generator(name, generator), read_size(name, size), target), requires_grad, out)

    function.__name__ = function.__qualname__ = name
    return function


def _uniform(generator: Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    return generator.uniform(shape, dtype)


def _normal(generator: Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    return generator.normal(shape, dtype)


rand = _drawn("rand", _uniform)
rand.__doc__ = "Numbers uniform in [0, 1): `rand(2, 3)`."
randn = _drawn("randn", _normal)
randn.__doc__ = "Numbers from the standard normal distribution: `randn(2, 3)`."


def _drawn_like(name: str, draw: Callable[..., Any], fill: Callable[..., Any]) -> Any:
    def function(
        input: Tensor,
        *,
        generator: Generator | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        memory_format: Any = None,
        pin_memory: bool = False,
    ) -> Tensor:
        check_tensor(name, "input", 1, input)
        read_device(device)
        target = input._array.dtype if dtype is None else read_dtype(name, dtype)
        source = _generator(name, generator)
        if input._array.flags.c_contiguous:
            return finish(draw(source, input._array.shape, target), requires_grad)
        array = np.empty_like(input._array, target, order_of(input._array, memory_format))
        fill(array, source)
        return finish(array, requires_grad)

    function.__name__ = function.__qualname__ = name
    return function


def _fill(array: Any, draw: Callable[[tuple[int, ...]], Any]) -> None:
    """Writes what `draw` gives for a shape, in the order in which the elements lie in memory."""
    if array.flags.c_contiguous:
        np.copyto(array, draw(array.shape))
        return
    order = sorted(range(array.ndim), key=lambda dim: -array.strides[dim])
    target = np.transpose(array, order)
    np.copyto(target, draw(target.shape))


def _fill_uniform(array: Any, generator: Generator, low: float = 0.0, high: float = 1.0) -> None:
    _fill(array, lambda shape: generator.uniform(shape, array.dtype, low, high))


def _fill_normal(array: Any, generator: Generator, mean: float = 0.0, std: float = 1.0) -> None:
    contiguous = array.flags.c_contiguous
    _fill(array, lambda shape: generator.normal(shape, array.dtype, mean, std, contiguous))


rand_like = _drawn_like("rand_like", _uniform, _fill_uniform)
rand_like.__doc__ = "Numbers uniform in [0, 1), of the shape and type of `input`."
randn_like = _drawn_like("randn_like", _normal, _fill_normal)
randn_like.__doc__ = "Numbers from the standard normal distribution, of the shape and type of `input`."


_INT64 = np.dtype(np.int64)


def randint(
    *bounds: Any,
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Integers from `low` (0) up to, but without, `high`: `randint(high, size)` or `randint(low, high, size)`."""
    if (
        len(bounds) > 1
        and bounds[0].__class__ is bounds[-2].__class__ is int
        and bounds[-1].__class__ is tuple
        and high is size is dtype is device is None
        and generator is None
        and out is None
        and low == 0
        and len(bounds) < 4
    ):
        first, last = (0, bounds[0]) if len(bounds) == 2 else bounds[:2]
        shape = read_size("randint", bounds[-1:])
        return finish(default_generator.integers(first, last, shape, _INT64), requires_grad)
    given = list(bounds)
    if size is None and len(given) > 1:
        size = given.pop()
    if len(given) == 2 and high is None:
        low, high = given
    elif len(given) == 1 and high is None:
        (high,) = given
    elif len(given) == 1:
        (low,) = given
    elif given:
        size = None
    if high is None or size is None:
        raise TypeError(
            "randint() received an invalid combination of arguments: call randint(high, size) or randint(low, high, size)"
        )
    read_device(device)
    for name, position, value in (("low", 1, low), ("high", len(bounds) - 1, high)):
        if not isinstance(value, (int, np.integer, Tensor)) or (
            isinstance(value, Tensor) and value.is_floating_point()
        ):
            raise TypeError(
                f"randint(): argument '{name}' (position {position}) must be int, not {type(value).__name__}"
            )
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"randint(): argument 'size' (position {len(bounds)}) must be tuple of ints, not {type(size).__name__}"
        )
    target = read_dtype("randint", dtype) or np.dtype(np.int64)
    shape = read_size("randint", (size,))
    return finish(_generator("randint", generator).integers(int(low), int(high), shape, target), requires_grad, out)


def randint_like(
    input: Tensor,
    *bounds: int,
    low: int = 0,
    high: int | None = None,
    generator: Generator | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`randint` of the shape and type of `input`: `randint_like(x, high)` or `randint_like(x, low, high)`."""
    check_tensor("randint_like", "input", 1, input)
    read_device(device)
    if bounds:
        low, high = (low, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    array = np.empty_like(input._array, read_dtype("randint_like", dtype), order_of(input._array, memory_format))
    source = _generator("randint_like", generator)
    _fill(array, lambda shape: source.integers(low, high, shape, array.dtype))
    return finish(array, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The integers from 0 to `n` - 1 in random order."""
    read_device(device)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    target = read_dtype("randperm", dtype) or (np.dtype(np.int64) if out is None else out._array.dtype)
    return finish(_generator("randperm", generator).permutation(n, target), requires_grad, out)


# What was random does not depend on the input: its gradient is zero.
def _zero_row(name: str, grad_fn: str) -> Any:
    return operation(lambda input, values: values, name=name, grad_fn=grad_fn, input=lambda g: np.zeros_like(g))


_BERNOULLI = _zero_row("bernoulli", "BernoulliBackward0")
_NORMAL_MEAN = operation(
    lambda mean, values: values, name="normal_mean", grad_fn="NormalBackward1", mean=lambda g: np.zeros_like(g)
)
_NORMAL_STD = operation(
    lambda std, values: values, name="normal_std", grad_fn="NormalBackward2", std=lambda g: np.zeros_like(g)
)
_NORMAL_BOTH = operation(
    lambda mean, std, values: values,
    name="normal_mean_std",
    grad_fn="NormalBackward3",
    mean=lambda g: np.zeros_like(g),
    std=lambda g: np.zeros_like(g),
)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Ones with the probability that each element gives (or `p` everywhere), zeros otherwise."""
    check_tensor("bernoulli", "input", 1, input)
    source = _generator("bernoulli", generator)
    array = input._array
    drawn = source.bernoulli_array(array) if p is None else source.bernoulli(p, array.shape)
    values = in_dtype(drawn, array.dtype)
    return _BERNOULLI.function(input, values)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Normal numbers: `normal(mean, std, size)` of two numbers, or of tensors that give each element's own."""
    source = _generator("normal", generator)
    read_device(device)
    numbers = [isinstance(each, (int, float, np.generic)) for each in (mean, std)]
    tensors = [isinstance(each, Tensor) for each in (mean, std)]
    fits = any(tensors) and all(map(max, numbers, tensors)) if size is None else all(numbers)
    if not fits or isinstance(size, (int, float)):
        got = [type_name(each) for each in (mean, std, size) if each is not None or each is not size]
        raise TypeError(
            f"normal() received an invalid combination of arguments - got ({', '.join(got)}), but expected one of:\n"
            " * (Tensor mean, Tensor std)\n * (Tensor mean, float std = 1)\n * (float mean, Tensor std)\n"
            " * (float mean, float std, tuple of ints size)\n"
        )
    if size is not None:
        target = read_dtype("normal", dtype) or (default_dtype() if out is None else out._array.dtype)
        return finish(source.normal(read_size("normal", (size,)), target, float(mean), float(std)), requires_grad, out)
    given = [each._array if isinstance(each, Tensor) else float(each) for each in (mean, std)]
    values = source.normal_like(*given)
    if out is not None:
        return finish(values, False, out)
    inputs = [each for each in (mean, std) if isinstance(each, Tensor)]
    if not (mode.recording and any([each.requires_grad for each in inputs])):
        return finish(values)
    row = _NORMAL_BOTH if len(inputs) == 2 else _NORMAL_MEAN if inputs[0] is mean else _NORMAL_STD
    return row.function(*inputs, values)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """`num_samples` indices from each row of weights, each as likely as its weight."""
    check_tensor("multinomial", "input", 1, input)
    source = _generator("multinomial", generator)
    return finish(source.multinomial(input._array, num_samples, replacement))


def _inplace(name: str, grad_fn: str, fill: Callable[..., None]) -> Any:
    """An in-place draw: `fill(array, generator, …)` does it."""
    row = _zero_row("bernoulli_inplace" if name == "bernoulli_" else name.rstrip("_"), grad_fn)

    def method(self: Tensor, *args: Any, generator: Generator | None = None, **named: Any) -> Tensor:
        if "from" in named:
            args = (named.pop("from"), *args)
        if name != "bernoulli_":
            args = tuple([each.item() if isinstance(each, Tensor) else each for each in args])
            named = {key: each.item() if isinstance(each, Tensor) else each for key, each in named.items()}
        source = _generator(name, generator)
        recording = bool(mode.recording and self.requires_grad)
        check_writable(self, recording)
        if not recording:
            fill(self._array, source, *args, **named)
            self._bump()
            return self
        values = np.empty_like(self._array)
        fill(values, source, *args, **named)
        return write(self, row.function(as_before(self, self._array), values))

    method.__name__ = method.__qualname__ = name
    return method


def _fill_bernoulli(array: Any, generator: Generator, p: Any = 0.5) -> None:
    if isinstance(p, Tensor):
        np.copyto(array, np.broadcast_to(generator.bernoulli_array(p._array), array.shape), casting="unsafe")
    else:
        _fill(array, lambda shape: np.astype(generator.bernoulli(p, shape), array.dtype))


def _fill_exponential(array: Any, generator: Generator, lambd: float = 1.0) -> None:
    _fill(array, lambda shape: generator.exponential(lambd, shape, array.dtype))


def _fill_integers(array: Any, generator: Generator, *bounds: Any, to: Any = None) -> None:
    if not bounds and to is None:
        _fill(array, lambda shape: generator.random_full(shape, array.dtype))
        return
    limits = (*bounds, to) if to is not None else bounds
    low, high = (0, limits[0]) if len(limits) == 1 else limits
    _fill(array, lambda shape: generator.integers(low, high, shape, array.dtype))


def _fill_uniform_between(
    array: Any, generator: Generator, low: float = 0.0, high: float = 1.0, to: Any = None
) -> None:
    _fill_uniform(array, generator, low, high if to is None else to)


def _fill_cauchy(array: Any, generator: Generator, median: float = 0.0, sigma: float = 1.0) -> None:
    _fill(array, lambda shape: generator.cauchy(median, sigma, shape, array.dtype))


def _fill_log_normal(array: Any, generator: Generator, mean: float = 1.0, std: float = 2.0) -> None:
    _fill(array, lambda shape: generator.log_normal(mean, std, shape, array.dtype))


def _fill_geometric(array: Any, generator: Generator, p: float) -> None:
    _fill(array, lambda shape: generator.geometric(p, shape, array.dtype))


uniform_ = _inplace("uniform_", "UniformBackward0", _fill_uniform_between)
uniform_.__doc__ = "Overwrites the tensor with numbers uniform in [from, to): `x.uniform_(-1, 1)`."
normal_ = _inplace("normal_", "NormalBackward0", _fill_normal)
normal_.__doc__ = "Overwrites the tensor with normal numbers: `x.normal_(mean=0, std=1)`."
bernoulli_ = _inplace("bernoulli_", "BernoulliBackward2", _fill_bernoulli)
bernoulli_.__doc__ = "Overwrites the tensor with ones with probability `p` (a number or a tensor), else zeros."
exponential_ = _inplace("exponential_", "ExponentialBackward0", _fill_exponential)
exponential_.__doc__ = "Overwrites the tensor with exponential numbers of mean 1 / `lambd`."
random_ = _inplace("random_", "RandomBackward2", _fill_integers)
random_.__doc__ = "Overwrites the tensor with integers: `random_()`, `random_(to)` or `random_(from, to)`."
cauchy_ = _inplace("cauchy_", "CauchyBackward0", _fill_cauchy)
cauchy_.__doc__ = "Overwrites the tensor with Cauchy numbers around `median`, half as wide as `sigma`."
log_normal_ = _inplace("log_normal_", "LogNormalBackward0", _fill_log_normal)
log_normal_.__doc__ = "Overwrites the tensor with the exponential of normal numbers."
geometric_ = _inplace("geometric_", "GeometricBackward0", _fill_geometric)
geometric_.__doc__ = "Overwrites the tensor with how many trials of success probability `p` it takes to succeed."

attach(
    bernoulli,
    multinomial,
    uniform_,
    normal_,
    bernoulli_,
    exponential_,
    random_,
    cauchy_,
    log_normal_,
    geometric_,
)
