"""Whole Jacobians and Hessians, and products with them, of functions of tensors (`torch.autograd.functional`).

`inputs` are a tensor or a tuple of them, and so is what `func` returns; results follow their form. With `create_graph`
results can be differentiated further. With `strict`, what does not depend on an input is an error, not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import enable_grad, mode, set_grad_enabled
from framework.autograd.pushing import pusher
from framework.autograd.tensor import Tensor, wrap
from framework.coverage import explain_missing_names

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

OUTPUTS = "outputs of the user-provided function"


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and `v` (shaped as they are) times the Jacobian."""
    with enable_grad():
        args, several_in = _opened(inputs, "vjp", create_graph)
        outputs, several_out = _tuple(func(*args), OUTPUTS, "vjp")
        _check_recorded(outputs, strict, _NO_GRADIENT)
        if v is None and (len(outputs) != 1 or outputs[0].numel() != 1):
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
        vectors = _vectors(v, outputs, several_out, "vjp", create_graph)
    with set_grad_enabled(create_graph or bool(mode.recording)):
        found = _gradients(outputs, args, vectors, create_graph)
        product = _filled(found, args, strict, create_graph, *_JACOBIAN)
    return _shaped(outputs, several_out, create_graph), _shaped(product, several_in, create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The outputs, and the Jacobian times `v` (shaped as the inputs), by differentiating twice."""
    with enable_grad():
        args, several_in = _opened(inputs, "jvp", create_graph)
        vectors = _vectors(v, args, several_in, "jvp", create_graph, "the input to ")
        outputs, several_out = _tuple(func(*args), OUTPUTS, "jvp")
        _check_recorded(outputs, strict, _NO_GRADIENT)
        weights = [wrap(np.zeros_like(each._array)).requires_grad_() for each in outputs]
        pulled = _gradients(outputs, args, weights, True)
        _check_recorded(pulled, strict, _INDEPENDENT_GRADIENT, _INDEPENDENT)
        starts = vectors if vectors is not None else [wrap(np.ones_like(each._array)) for each in args]
        found = _gradients(pulled, weights, starts, create_graph)
        product = _filled(found, outputs, strict, create_graph, _INDEPENDENT_ENTRY, _CONSTANT_JACOBIAN)
    return _shaped(outputs, several_out, create_graph), _shaped(product, several_out, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: for each output and each input a tensor of shape output + input.

    It is computed row by row, or column by column with `strategy="forward-mode"`. `vectorize` changes nothing but what
    PyTorch allows together.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward(create_graph, strict, vectorize)
        return _by_columns(func, inputs)
    with enable_grad():
        args, several_in = _opened(inputs, "jacobian", create_graph)
        outputs, several_out = _tuple(func(*args), OUTPUTS, "jacobian")
        _check_recorded(outputs, strict, _NO_GRADIENT)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        rows = []
        for number, output in enumerate(outputs):
            blocks = _rows(output, number, args, create_graph, strict)
            rows.append(_shaped(blocks, several_in, create_graph))
    return tuple(rows) if several_out else rows[0]


def _check_forward(create_graph: bool, strict: bool, vectorize: bool) -> None:
    name = "torch.autograd.functional.jacobian"
    if create_graph:
        raise NotImplementedError(
            f'{name}: `create_graph=True` and `strategy="forward-mode"` are not supported together (yet). Please '
            'either set `create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strict:
        raise RuntimeError(
            f'{name}: `strict=True` and `strategy="forward-mode"` are not supported together (yet). Please either set '
            '`strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )


def _rows(output: Tensor, number: int, args: list[Tensor], create_graph: bool, strict: bool) -> list[Any]:
    """One output's block for each input: a walk back for each of its elements."""
    shape = output._array.shape
    columns: list[list[Any]] = [[] for _ in args]
    for index in range(output.numel()):
        unit = np.zeros(shape, output._array.dtype)
        unit.reshape(-1)[index] = 1
        found = _gradients([output], args, [wrap(unit)], create_graph, True)
        for position, (column, each) in enumerate(zip(columns, found, strict=True)):
            if strict and each is None:
                raise RuntimeError(
                    f"Output {number} of the user-provided function is independent of input {position}. This is not "
                    "allowed in strict mode."
                )
            if strict and create_graph and not each.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {number}. This is not allowed "
                    "in strict mode when create_graph=True."
                )
            column.append(wrap(np.zeros_like(args[position]._array)) if each is None else each)
    return [_stacked(column, (*shape, *each._array.shape), each) for column, each in zip(columns, args, strict=True)]


def _stacked(parts: list[Any], shape: tuple[int, ...], like: Tensor) -> Any:
    return np.reshape(np.stack(parts), shape) if parts else wrap(np.zeros(shape, like._array.dtype))


def _by_columns(func: Callable[..., Any], inputs: Any) -> Any:
    """The Jacobian by a step forward for each element of the inputs."""
    recording = bool(mode.recording)
    with enable_grad():
        given, several_in = _tuple(inputs, "inputs", "jacobian")
        args = [
            each.view_as(each) if recording and each.requires_grad else each.detach().requires_grad_() for each in given
        ]
        outputs, several_out = _tuple(func(*args), "outputs", None)
        push = pusher(outputs, args)
        blocks: list[list[Any]] = []
        for number, arg in enumerate(args):
            columns: list[Any] = []
            for index in range(arg.numel()):
                unit = np.zeros(arg._array.shape, arg._array.dtype)
                unit.reshape(-1)[index] = 1
                directions = [wrap(unit) if each == number else None for each in range(len(args))]
                found = push(directions, False)
                columns.append(
                    [np.zeros_like(o._array) if f is None else f._array for o, f in zip(outputs, found, strict=True)]
                )
            blocks.append(
                [
                    wrap(_last([column[at] for column in columns], output._array, arg._array))
                    for at, output in enumerate(outputs)
                ]
            )
    rows = [tuple(each) if several_in else each[0] for each in zip(*blocks, strict=True)]
    return tuple(rows) if several_out else rows[0]


def _last(columns: list[Any], output: Any, arg: Any) -> Any:
    shape = (*output.shape, *arg.shape)
    return np.reshape(np.stack(columns, axis=-1), shape) if columns else np.zeros(shape, output.dtype)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with one scalar output."""
    _, several = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*args: Any) -> Any:
        output = func(*args)
        _check_scalar(output, "hessian", strict)
        return output.squeeze()

    def gradient(*args: Any) -> Any:
        found = jacobian(scalar, args, create_graph=True)
        _check_recorded(found, strict, _INDEPENDENT_JACOBIAN)
        return found

    result = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return result if several else result[0]


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar function, and `v` times its Hessian."""
    with enable_grad():
        args, several, vectors, output, first = _second(func, inputs, v, create_graph, strict, "vhp")
    with set_grad_enabled(create_graph or bool(mode.recording)):
        found = _gradients(first, args, vectors, create_graph)
        product = _filled(found, args, strict, create_graph, _INDEPENDENT_IN_JACOBIAN, _CONSTANT_HESSIAN)
    return _shaped([output], False, create_graph), _shaped(product, several, create_graph)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar function, and its Hessian times `v`."""
    with enable_grad():
        args, several, vectors, output, first = _second(func, inputs, v, create_graph, strict, "hvp")
        pulled, weights = first, args
        if strict:
            # The Hessian is symmetric, so the transpose of its product is the same; only what depends on what differs.
            weights = [wrap(np.zeros_like(each._array)).requires_grad_() for each in args]
            pulled = _gradients(first, args, weights, True)
    with set_grad_enabled(create_graph or bool(mode.recording)):
        found = _gradients(pulled, weights, vectors, create_graph)
        product = _filled(found, args, strict, create_graph, _INDEPENDENT_IN_HESSIAN, _CONSTANT_HESSIAN)
    return _shaped([output], False, create_graph), _shaped(product, several, create_graph)


def _second(
    func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> tuple[list[Tensor], bool, Any, Tensor, list[Any]]:
    """A scalar function's arguments, whether several were given, the vectors, its output and recorded gradients."""
    args, several = _opened(inputs, name, create_graph)
    vectors = _vectors(v, args, several, name, create_graph, "the input to ")
    output = func(*args)
    _check_scalar(output, name, strict)
    first = _gradients([output], args, None, True)
    _check_recorded(first, strict, _INDEPENDENT_JACOBIAN, _INDEPENDENT)
    return args, several, vectors, output, first


# What `strict` refuses, in PyTorch's words; {0} is the number of the input or output.
_STRICT = " This is not allowed in strict mode."
_INDEPENDENT = "The output of the user-provided function is independent of input {0}." + _STRICT
_NO_GRADIENT = (
    "Output {0} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode."
)
_INDEPENDENT_GRADIENT = (
    "The gradient with respect to input {0} is independent of the inputs of the user-provided function." + _STRICT
)
_INDEPENDENT_JACOBIAN = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {0} is "
    "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice "
    "differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
    "example)."
)
_INDEPENDENT_ENTRY = (
    "The gradient with respect to the input is independent of entry {0} in the grad_outputs when using the double "
    "backward trick to compute forward mode gradients." + _STRICT
)
_INDEPENDENT_IN_JACOBIAN = "The jacobian of the user-provided function is independent of input {0}." + _STRICT
_INDEPENDENT_IN_HESSIAN = (
    "The hessian of the user-provided function is independent of entry {0} in the grad_jacobian. This is not allowed "
    "in strict mode as it prevents from using the double backward trick to replace forward mode AD."
)
_WITH_GRAPH = " of the user-provided function is independent of input {0}. This is not allowed in strict mode when "
_CONSTANT_JACOBIAN = f"The jacobian{_WITH_GRAPH}create_graph=True."
_CONSTANT_HESSIAN = f"The hessian{_WITH_GRAPH}create_graph=True."
_JACOBIAN = (_INDEPENDENT, _CONSTANT_JACOBIAN)


def _tuple(given: Any, what: str, name: str | None) -> tuple[list[Any], bool]:
    """Tensors given alone or in a tuple as a list, and whether in a tuple. (In a list too, where no name is given.)"""
    if name is None:
        return (list(given), True) if isinstance(given, (tuple, list)) else ([given], False)
    several = isinstance(given, tuple)
    values = list(given) if several else [given]
    for index, each in enumerate(values):
        if not isinstance(each, Tensor):
            found = f"value at index {index}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the {found} has type "
                f"{type(each)}."
            )
    return values, several


def _opened(inputs: Any, name: str, create_graph: bool) -> tuple[list[Any], bool]:
    """Fresh inputs that record, linked to the given ones if `create_graph`."""
    given, several = _tuple(inputs, "inputs", name)
    return [
        each.view_as(each) if create_graph and each.requires_grad else each.detach().requires_grad_() for each in given
    ], several


def _vectors(v: Any, like: list[Any], several: bool, name: str, create_graph: bool, place: str = "") -> Any:
    """The vectors to multiply with, of the shapes of `like`; None for a single element's 1."""
    if v is None:
        if place and (len(like) != 1 or like[0].numel() != 1):
            raise RuntimeError(
                f"The vector v can only be None if {place}the user-provided function is a single Tensor with a single "
                "element."
            )
        return None
    given, _ = _tuple(v, "v", name)
    vectors = [each.view_as(each) if create_graph and each.requires_grad else each.detach() for each in given]
    if len(vectors) != len(like):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(vectors)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (vector, each) in enumerate(zip(vectors, like, strict=True)):
        if vector.shape != each.shape:
            entry = f"Entry {index} in " if several else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {each.shape} but got {vector.shape}.")
    return vectors


def _check_recorded(tensors: Sequence[Any], strict: bool, message: str, missing: str = _INDEPENDENT) -> None:
    """With `strict`, raises where a tensor does not require grad, or is not there."""
    for index, each in enumerate(tensors if strict else ()):
        if each is None:
            raise RuntimeError(missing.format(index))
        if not each.requires_grad:
            raise RuntimeError(message.format(index))


def _check_scalar(output: Any, name: str, strict: bool) -> None:
    """Raises unless a function returned one tensor of one element."""
    outputs, several = _tuple(output, OUTPUTS, name)
    _check_recorded(outputs, strict, _NO_GRADIENT)
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if output.numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")


def _gradients(
    outputs: Sequence[Any], inputs: list[Any], weights: Any, create_graph: bool, retain_graph: bool | None = None
) -> list[Any]:
    """The gradients of the outputs that record, None for what they do not depend on."""
    starts = [None] * len(outputs) if weights is None else weights
    pairs = [(o, w) for o, w in zip(outputs, starts, strict=True) if o is not None and o.requires_grad]
    if not pairs:
        return [None] * len(inputs)
    recorded, weighted = zip(*pairs, strict=True)
    return list(grad(recorded, inputs, weighted, retain_graph, create_graph, allow_unused=True))


def _filled(
    found: list[Any], like: list[Any], strict: bool, create_graph: bool, missing: str, constant: str
) -> list[Any]:
    """Zeros in place of gradients that are not there; with `strict` that is an error."""
    for index, each in enumerate(found):
        if each is None:
            if strict:
                raise RuntimeError(missing.format(index))
            found[index] = wrap(np.zeros_like(like[index]._array))
        elif strict and create_graph and not each.requires_grad:
            raise RuntimeError(constant.format(index))
    return found


def _shaped(tensors: Sequence[Any], several: bool, create_graph: bool) -> Any:
    """Results in the form of what they belong to, without history unless it was asked for."""
    values = tensors if create_graph else [each.detach() for each in tensors]
    return tuple(values) if several else values[0]


explain_missing_names(__name__)
