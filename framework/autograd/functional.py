"""Whole Jacobians and Hessians, and products with them, of functions of tensors (`torch.autograd.functional`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import enable_grad
from framework.autograd.tensor import Tensor, wrap


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and `v` (shaped as they are) times the Jacobian."""
    args, results, form = _call(func, inputs, create_graph)
    weights = _vectors(v, results, "v", "output")
    with enable_grad():
        gradients = _gradients(results, args, weights, create_graph, strict)
    return form.outputs(_finished(results, create_graph)), form.inputs(_finished(gradients, create_graph))


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and the Jacobian times `v` (shaped as the inputs), by differentiating twice."""
    args, results, form = _call(func, inputs, create_graph)
    vectors = _vectors(v, args, "v", "input")
    with enable_grad():
        weights = [wrap(np.zeros_like(each._array)).requires_grad_() for each in results]
        gradients = _gradients(results, args, weights, True, strict)
        products = _gradients(gradients, weights, vectors, create_graph, strict)
    return form.outputs(_finished(results, create_graph)), form.outputs(_finished(products, create_graph))


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: a tensor of shape output + input for each pair, in tuples where there are several.

    `vectorize` and `strategy` change nothing in the result; it is computed row by row.
    """
    args, results, form = _call(func, inputs, create_graph)
    rows = []
    with enable_grad():
        for output in results:
            columns: list[list[Any]] = [[] for _ in args]
            for index in range(output.numel()):
                unit = np.zeros(output.numel(), output._array.dtype)
                unit[index] = 1
                start = wrap(unit.reshape(output._array.shape))
                found = _gradients([output], args, [start], create_graph, strict)
                for column, each in zip(columns, found, strict=True):
                    column.append(each)
            shape = tuple(output._array.shape)
            rows.append(
                form.inputs(
                    _finished(
                        [_stacked(column, shape, each) for column, each in zip(columns, args, strict=True)],
                        create_graph,
                    )
                )
            )
    return form.outputs(rows)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with one scalar output."""

    def gradient(*args: Any) -> Any:
        with enable_grad():
            output = _scalar(func(*args))
            tracked = [each if each.requires_grad else each.requires_grad_() for each in args]
            found = _gradients([output], tracked, [wrap(np.ones_like(output._array))], True, strict)
        return tuple(found)

    result = jacobian(gradient, inputs, create_graph=create_graph, strict=strict)
    return result[0] if isinstance(inputs, Tensor) else result


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar function, and `v` times its Hessian."""
    args, results, form = _call(func, inputs, create_graph)
    output = _scalar(results[0])
    vectors = _vectors(v, args, "v", "input")
    with enable_grad():
        first = _gradients([output], args, [wrap(np.ones_like(output._array))], True, strict)
        second = _gradients(first, args, vectors, create_graph, strict)
    return form.outputs(_finished(results, create_graph)), form.inputs(_finished(second, create_graph))


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar function, and its Hessian times `v`: `vhp`, as the Hessian is symmetric."""
    return vhp(func, inputs, v, create_graph, strict)


class _Form:
    """Whether inputs and outputs were given alone or as tuples."""

    def __init__(self, single_input: bool, single_output: bool) -> None:
        self._single_input = single_input
        self._single_output = single_output

    def inputs(self, values: list[Any]) -> Any:
        return values[0] if self._single_input else tuple(values)

    def outputs(self, values: list[Any]) -> Any:
        return values[0] if self._single_output else tuple(values)


def _call(func: Callable[..., Any], inputs: Any, create_graph: bool) -> tuple[list[Tensor], list[Tensor], _Form]:
    """Fresh inputs that record (linked to the given ones if `create_graph`), and the outputs."""
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for index, each in enumerate(given):
        if not isinstance(each, Tensor):
            raise TypeError(
                f"The inputs given to {getattr(func, '__name__', 'the function')} must be either a Tensor or a tuple "
                f"of Tensors but the value at index {index} has type {type(each)}."
            )
    with enable_grad():
        args = [
            each.view_as(each) if create_graph and each.requires_grad else each.detach().requires_grad_()
            for each in given
        ]
        outputs = func(*args)
    results = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    for index, each in enumerate(results):
        if not isinstance(each, Tensor):
            raise TypeError(
                "The outputs of the user-provided function must be either a Tensor or a tuple of Tensors but the value "
                f"at index {index} has type {type(each)}."
            )
    return args, results, _Form(isinstance(inputs, Tensor), isinstance(outputs, Tensor))


def _vectors(v: Any, like: list[Tensor], name: str, kind: str) -> list[Tensor]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector {name} can only be None if the user-provided function has a single {kind} with a single "
                "element."
            )
        return [wrap(np.ones_like(like[0]._array))]
    vectors = [v] if isinstance(v, Tensor) else list(v)
    if len(vectors) != len(like):
        raise RuntimeError(f"{name} is a tuple of invalid length: should be {len(like)} but got {len(vectors)}.")
    for index, (vector, each) in enumerate(zip(vectors, like, strict=True)):
        if vector.shape != each.shape:
            raise RuntimeError(
                f"Entry {index} in {name} has invalid size: should be {each.shape} but got {vector.shape}."
            )
    return vectors


def _gradients(
    outputs: list[Any], inputs: list[Tensor], weights: list[Tensor], create_graph: bool, strict: bool
) -> list[Any]:
    """Gradients, zeros for what does not depend; with `strict` that is an error."""
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o is not None and o.requires_grad]
    if pairs:
        recorded, weighted = zip(*pairs, strict=True)
        found = list(grad(recorded, inputs, weighted, True, create_graph, allow_unused=True))
    else:
        found = [None] * len(inputs)
    for index, each in enumerate(found):
        if each is None:
            if strict:
                raise RuntimeError(
                    f"The output of the user-provided function is independent of input {index}. This is not allowed in "
                    "strict mode."
                )
            found[index] = wrap(np.zeros_like(inputs[index]._array))
    return found


def _finished(tensors: list[Any], create_graph: bool) -> list[Any]:
    return tensors if create_graph else [each.detach() for each in tensors]


def _stacked(rows: list[Any], shape: tuple[int, ...], input: Tensor) -> Any:
    if not rows:
        return wrap(np.zeros((*shape, *input._array.shape), input._array.dtype))
    return np.reshape(np.stack(rows), (*shape, *input._array.shape))


def _scalar(output: Any) -> Any:
    if not isinstance(output, Tensor) or output.numel() != 1:
        raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
    return output
