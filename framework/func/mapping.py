"""`vmap`: a function of single examples becomes one of batches.

The function is called once, on tensors that look like one example and hold the batch (`BatchedArray`). Where that
cannot be done (it decides by a value, writes into what it is given, draws different numbers for each example, or is
part of a graph besides its arguments) it is called once for each example, and the results are stacked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np

from framework import random
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import sequence
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.autograd.trees import Spec, flatten, mapped, spread, unflatten
from framework.func.batched import BatchedArray, NotBatched, batch, decided, unbatch

NO_DRAWS = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function over batches of its arguments.

    in_dims: the dimension of the examples in each argument, None for one that is the same for all; nested as the
    arguments are, or one for all. out_dims: where it goes in the results.
    randomness: what random operations do: "error" refuses them, "different" draws for each example, "same" draws the
    same numbers for all. `chunk_size` changes nothing.

    A function that cannot run for all examples at once (it decides by a value, or writes into what is outside) is called
    again for each of them: what else it does, such as printing, is then done again too.
    """
    check_randomness(randomness)
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        name = _name(func)
        _check_out_dims(out_dims, name)
        leaves, form = flatten(args)
        dims = _in_dims(in_dims, args, leaves, form, name)
        size = _batch_size(leaves, dims)
        state = random.default_generator.state_array() if randomness == "same" else None
        with without_draws(randomness):
            if size > 1 and randomness != "different" and not (mode.trace or mode.watchers or mode.anomaly):
                try:
                    return _at_once(func, leaves, form, dims, kwargs, out_dims, size, name)
                except Exception:
                    # Whatever it was: if it is the function's own, it comes again below.
                    if state is not None:
                        random.default_generator.set_state_array(state)
            return _one_by_one(func, leaves, form, dims, kwargs, out_dims, size, name, state)

    return wrapped


def _one_by_one(
    func: Any,
    leaves: list[Any],
    form: Spec,
    dims: list[Any],
    kwargs: Any,
    out_dims: Any,
    size: int,
    name: str,
    state: Any,
) -> Any:
    """The function called for each example."""
    results = []
    for index in range(size):
        if state is not None:
            random.default_generator.set_state_array(state)
        example = [each if dim is None else each.select(dim, index) for each, dim in zip(leaves, dims, strict=True)]
        results.append(func(*unflatten(example, form), **kwargs))
    if not size:
        # Called for the shape of its result alone.
        example = [_blank(each, dim) for each, dim in zip(leaves, dims, strict=True)]
        results.append(func(*unflatten(example, form), **kwargs))
    return _together(results, out_dims, size, name)


_levels = count()


def _at_once(
    func: Any, leaves: list[Any], form: Spec, dims: list[Any], kwargs: Any, out_dims: Any, size: int, name: str
) -> Any:
    """The function called on the whole batch; raises where that cannot be done."""
    level = next(_levels)
    start = next(sequence)
    examples = []
    for each, dim in zip(leaves, dims, strict=True):
        if dim is not None:
            examples.append(batch(each, dim, level))
        elif isinstance(each, Tensor) and each.requires_grad:
            examples.append(batch(each.expand(size, *each.shape), 0, level))
        else:
            examples.append(each)
    before, mode.decided = mode.decided, decided
    try:
        result = func(*unflatten(examples, form), **kwargs)
    finally:
        mode.decided = before
    found, result_form = flatten(result)
    if _reaches_out(found, start):
        raise NotBatched("a graph that the arguments are not all of")
    places = _out_dims(out_dims, result, result_form, name)
    joined = []
    for each, dim in zip(found, places, strict=True):
        if isinstance(each, Tensor) and dim is not None:
            joined.append(unbatch(each, normalize_dim(dim, each.dim() + 1), level, size))
        elif isinstance(each, Tensor) and isinstance(each._array, BatchedArray):
            raise NotBatched("a result that must be the same for all")
        else:
            joined.append(_joined([each], dim, size, name))
    return unflatten(joined, result_form)


def _reaches_out(results: list[Any], start: int) -> bool:
    """Whether the history of some tensors has anything older than a call but what it was given."""
    edges = [(each.edge or each) for each in results if isinstance(each, Tensor) and each.requires_grad]
    seen = set()
    while edges:
        edge = edges.pop()
        if not isinstance(edge, tuple):
            if edge._requires_grad and not isinstance(edge._array, BatchedArray):
                return True
            continue
        node = edge[0]
        if node.sequence > start:
            return True
        if node not in seen and not isinstance(node, batch.node_class):
            seen.add(node)
            edges += [each for each in node.edges if each is not None]
    return False


def check_randomness(randomness: str) -> None:
    """Raises unless it is one of the three kinds."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")


@contextmanager
def without_draws(randomness: str) -> Iterator[None]:
    """Inside, drawing random numbers raises if `randomness` is "error"."""
    before = mode.before_draw
    if randomness == "error":
        mode.before_draw = _refuse
    try:
        yield
    finally:
        mode.before_draw = before


def _refuse() -> None:
    raise RuntimeError(NO_DRAWS)


def _in_dims(in_dims: Any, args: tuple[Any, ...], leaves: list[Any], form: Spec, name: str) -> list[Any]:
    """The dimension of the examples in each leaf of the arguments, counted from the front."""
    where = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{where}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    dims = spread(in_dims, form)
    if dims is None:
        raise ValueError(
            f"{where}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{flatten(in_dims)[1]} but inputs has structure {form}."
        )
    for number, (each, dim) in enumerate(zip(leaves, dims, strict=True)):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(
                f"{where}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if not isinstance(each, Tensor):
            raise ValueError(
                f"{where}: Got in_dim={dim} for an input but the input is of type {type(each)}. We cannot vmap over "
                "non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -each.dim() <= dim < each.dim():
            raise ValueError(
                f"{where}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {each.dim()} "
                f"so expected in_dim to satisfy -{each.dim()} <= in_dim < {each.dim()}."
            )
        dims[number] = dim % each.dim()
    return dims


def _batch_size(leaves: list[Any], dims: list[Any]) -> int:
    sizes = [each.size(dim) for each, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return int(sizes[0])


def _blank(value: Any, dim: int | None) -> Any:
    """An example in place of one from an empty batch."""
    if dim is None:
        return value
    shape = list(value._array.shape)
    del shape[dim]
    return wrap(np.zeros(shape, value._array.dtype))


def _check_out_dims(out_dims: Any, name: str) -> None:
    def check(each: Any) -> None:
        if each is not None and not isinstance(each, int):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of "
                "ints representing where in the outputs the vmapped dimension should appear."
            )

    mapped(check, out_dims)


def _together(results: list[Any], out_dims: Any, size: int, name: str) -> Any:
    """The results of all examples as those of the batch."""
    found = [flatten(each) for each in results]
    form = found[0][1]
    dims = _out_dims(out_dims, results[0], form, name)
    columns = zip(*[leaves for leaves, _ in found], strict=True)
    return unflatten([_joined(list(each), dim, size, name) for each, dim in zip(columns, dims, strict=True)], form)


def _out_dims(out_dims: Any, result: Any, form: Spec, name: str) -> list[Any]:
    """Where the dimension of the examples goes in each tensor of a result."""
    single = isinstance(result, Tensor)
    if single and isinstance(out_dims, tuple) and len(out_dims) == 1:
        dims: list[Any] | None = list(out_dims)
    else:
        dims = None if single and isinstance(out_dims, (tuple, list, dict)) else spread(out_dims, form)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {flatten(out_dims)[1]} but outputs has structure {form}."
        )
    return dims


def _joined(parts: list[Any], dim: int | None, size: int, name: str) -> Any:
    first = parts[0]
    if dim is None:
        if isinstance(first, Tensor) and any(
            each is not first and not np.array_equal(each._array, first._array, equal_nan=each._array.dtype.kind == "f")
            for each in parts
        ):
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return first
    if not isinstance(first, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(first)}. Did you mean to set "
            "out_dims= to None for output?"
        )
    whole: Any = np.stack(parts, axis=dim)
    return whole if size else whole.narrow(dim, 0, 0)


def _name(func: Any) -> str:
    """What messages call a function."""
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return repr(func)
