"""`gradcheck` and `gradgradcheck`: recorded derivatives against finite differences, to first and second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import no_grad
from framework.autograd.tensor import Tensor, wrap


class GradcheckError(RuntimeError):
    """A derivative that differs from the finite difference; the message says which and by how much."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
    **unused: bool,
) -> bool:
    """Whether the Jacobian of `func` at `inputs`, by backward, equals the one by central differences of step `eps`.

    Inputs that require grad must be float64. Raises GradcheckError with both Jacobians unless `raise_exception` is
    False. With `fast_mode` one random direction is compared, not the whole Jacobian. Source: `torch.autograd.gradcheck`.
    """
    try:
        checked = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        _check(func, checked, eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
    **unused: bool,
) -> bool:
    """Whether the second derivatives of `func`, by two walks, equal finite differences of the first.

    `grad_outputs` weights the outputs (random if not given). Source: `torch.autograd.gradgradcheck`.
    """
    checked = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = _differentiable(func(*checked))
    random = np.random.Generator(np.random.PCG64(7))
    if grad_outputs is None:
        weights = [wrap(random.uniform(-1, 1, each._array.shape)).requires_grad_() for each in outputs]
    else:
        given = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
        weights = [each.detach().requires_grad_() for each in given]
    count = len(checked)

    def first(*args: Any) -> tuple[Any, ...]:
        args, weighted = args[:count], args[count:]
        wanted = [each for each in args if isinstance(each, Tensor) and each.requires_grad]
        results = _differentiable(func(*args))
        return grad(results, wanted, weighted, create_graph=True, allow_unused=True, materialize_grads=True)

    return gradcheck(
        first,
        (*checked, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _differentiable(outputs: Any) -> list[Tensor]:
    given = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    return [each for each in given if isinstance(each, Tensor) and each.requires_grad]


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    undefined: bool,
    check_dtypes: bool,
    fast: bool,
) -> None:
    wanted = [each for each in inputs if isinstance(each, Tensor) and each.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    for index, each in enumerate(wanted):
        if each._array.dtype != np.float64:
            raise GradcheckError(
                f"gradcheck needs double precision: input {index} is {each.dtype}, whose rounding hides the difference "
                "that is looked for. Call .double() on it"
            )
    outputs = func(*inputs)
    results = _differentiable(outputs)
    if not results:
        return _check_constant(func, inputs, wanted, eps)
    for number, output in enumerate(results):
        weights = _directions(output._array, fast)
        for weight in weights:
            analytical = _analytical(output, wanted, weight)
            if check_dtypes and any(a.dtype != w._array.dtype for a, w in zip(analytical, wanted, strict=True)):
                raise GradcheckError("a gradient has another dtype than its input")
            repeated = _analytical(output, wanted, weight)
            for index, (a, b) in enumerate(zip(analytical, repeated, strict=True)):
                if a.size and np.abs(a - b).max() > nondet_tol:
                    raise GradcheckError(f"Backward is not reentrant, i.e., running it twice differs for input {index}")
            numerical = _numerical(func, inputs, wanted, number, weight, eps)
            for index, (a, n) in enumerate(zip(analytical, numerical, strict=True)):
                if not np.allclose(a, n, rtol, atol, equal_nan=True):
                    raise GradcheckError(
                        f"Jacobian mismatch for output {number} with respect to input {index},\n"
                        f"numerical:{n}\nanalytical:{a}\n(the gradient for the output's weight {weight.tolist()})"
                    )
    if undefined:
        _check_undefined(results, wanted)
    return None


def _directions(output: ndarray, fast: bool) -> list[ndarray]:
    """Weights of the output's elements: each alone, or one random mixture."""
    if fast:
        return [np.random.Generator(np.random.PCG64(5)).uniform(-1, 1, output.shape)]
    # A mixture besides, which finds a formula that is not linear in the gradient it is given.
    unit = np.eye(output.size).reshape(output.size, *output.shape)
    return [*unit, np.random.Generator(np.random.PCG64(5)).uniform(-1, 1, output.shape)]


def _analytical(output: Tensor, wanted: list[Tensor], weight: ndarray) -> list[ndarray]:
    start = wrap(np.ascontiguousarray(weight, output._array.dtype).reshape(weight.shape))
    found = grad(output, wanted, start, retain_graph=True, allow_unused=True)
    return [
        np.zeros_like(each._array) if gradient is None else gradient._array
        for each, gradient in zip(wanted, found, strict=True)
    ]


def _numerical(
    func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[Tensor], number: int, weight: ndarray, eps: float
) -> list[ndarray]:
    """The gradient of the weighted output by central differences, for each input."""

    def value() -> float:
        # Not under no_grad: a function may itself take gradients.
        outputs = _differentiable(func(*inputs))
        return float((outputs[number]._array.astype(np.float64) * weight).sum())

    gradients = []
    for each in wanted:
        array = each._array
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            middle = array[index].item()
            array[index] = middle + eps
            above = value()
            array[index] = middle - eps
            below = value()
            array[index] = middle
            gradient[index] = (above - below) / (2 * eps)
        gradients.append(gradient)
    return gradients


def _check_constant(func: Callable[..., Any], inputs: tuple[Any, ...], wanted: list[Tensor], eps: float) -> None:
    """A function whose outputs record nothing must really be constant."""

    def values() -> list[ndarray]:
        with no_grad():
            outputs = func(*inputs)
        given = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
        return [each._array.copy() for each in given if isinstance(each, Tensor)]

    before = values()
    for index, each in enumerate(wanted):
        original = each._array.copy()
        each._array += eps
        after = values()
        np.copyto(each._array, original)
        if any(a.dtype.kind == "f" and not np.array_equal(a, b, True) for a, b in zip(before, after, strict=True)):
            raise GradcheckError(
                f"Numerical gradient for function expected to be zero: no output requires grad, yet input {index} "
                "changes them"
            )


def _check_undefined(results: list[Tensor], wanted: list[Tensor]) -> None:
    """An output that nothing used (its gradient is undefined) must pass for one whose gradient is zero."""
    if len(results) < 2:
        return
    for skipped in range(len(results)):
        rest = [each for number, each in enumerate(results) if number != skipped]
        with_zero = [wrap(np.full_like(each._array, number != skipped)) for number, each in enumerate(results)]
        ones = [wrap(np.ones_like(each._array)) for each in rest]
        a = grad(rest, wanted, ones, retain_graph=True, allow_unused=True, materialize_grads=True)
        b = grad(results, wanted, with_zero, retain_graph=True, allow_unused=True, materialize_grads=True)
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if not np.allclose(x._array, y._array, equal_nan=True):
                raise GradcheckError(
                    f"the gradient of input {index} differs between an undefined and a zero gradient of output {skipped}"
                )
