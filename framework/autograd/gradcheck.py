"""`gradcheck` and `gradgradcheck`: recorded derivatives against finite differences, to first and second order."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from framework.autograd import differences
from framework.autograd.differentiate import grad
from framework.autograd.tensor import Tensor, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that differs from the finite difference; the message says which and by how much.

    `place` is that of the input among the arguments; the Jacobians have a row for each of its elements.
    """

    place: int | None = None
    analytical: ndarray
    numerical: ndarray


class Limits(NamedTuple):
    """How large the steps of differences are, and how far derivatives may be from them, and from run to run."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float


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
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the Jacobian of `func` at `inputs`, by backward, equals the one by central differences of step `eps`.

    Inputs that require grad should be float64. Raises GradcheckError with both Jacobians unless `raise_exception` is
    False. With `check_forward_ad` the Jacobian by forward mode is compared too. With `fast_mode` one random mixture of
    rows and columns is compared, not the whole Jacobian. `masked` is for sparse tensors. Source:
    `torch.autograd.gradcheck`.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    limits = Limits(eps, atol, rtol, nondet_tol)
    try:
        check = _Check(func, differences.outputs_of(inputs), limits, fast_mode)
        if check_backward_ad:
            check.backward(check_grad_dtypes)
        if check_forward_ad:
            check.forward()
        if check_backward_ad:
            check.weights(check_batched_grad)
            if check_undefined_grad:
                check.undefined()
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
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the second derivatives of `func`, by two walks, equal finite differences of the first.

    `grad_outputs` weights the outputs (random if not given). Source: `torch.autograd.gradgradcheck`.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    checked = differences.outputs_of(inputs)
    if grad_outputs is None:
        weights = _random_weights(_differentiable(func(*checked)), gen_non_contig_grad_outputs)
    else:
        weights = list(differences.outputs_of(grad_outputs))
    count = len(checked)

    def first(*args: Any) -> tuple[Any, ...]:
        given, weighted = args[:count], args[count:]
        wanted = [each for each in given if isinstance(each, Tensor) and each.requires_grad]
        found = grad(_differentiable(func(*given)), wanted, weighted, create_graph=True, allow_unused=True)
        return tuple([each for each in found if each is not None])

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
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _random_weights(outputs: list[Tensor], scattered: bool) -> list[Tensor]:
    """A weight for each element of the outputs, between -1 and 1, that requires grad."""
    random = np.random.Generator(np.random.PCG64(7))
    weights = []
    for each in outputs:
        values = random.uniform(-1, 1, each._array.shape).astype(each._array.dtype)
        if scattered and values.ndim:
            values = np.repeat(values, 2, axis=-1)[..., ::2]
        weights.append(wrap(values).requires_grad_())
    return weights


def _differentiable(outputs: Any) -> list[Tensor]:
    return [each for each in differences.outputs_of(outputs) if isinstance(each, Tensor) and each.requires_grad]


def _check_inputs(inputs: Sequence[Any]) -> list[int]:
    """The places of the inputs to differentiate by; they must be such that single elements can be changed."""
    places = []
    for index, each in enumerate(inputs):
        if not (isinstance(each, Tensor) and each.requires_grad):
            continue
        places.append(index)
        array = each._array
        if array.dtype != np.float64:
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=5,
            )
        if array.size and any(step <= 0 and size > 1 for step, size in zip(array.strides, array.shape, strict=True)):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    if not places:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    return places


class _Check:
    """One call of a function, and the comparisons made of it."""

    def __init__(self, func: Callable[..., Any], inputs: tuple[Any, ...], limits: Limits, fast: bool) -> None:
        self.func, self.inputs, self.limits = func, inputs, limits
        self.places = _check_inputs(inputs)
        self.wanted = [inputs[place] for place in self.places]
        given = differences.outputs_of(func(*inputs))
        self.recorded = [number for number, each in enumerate(given) if each.requires_grad]
        self.floating = [number for number, each in enumerate(given) if each.is_floating_point()]
        self.outputs = [given[number] for number in self.recorded]
        random = np.random.Generator(np.random.PCG64(5))
        self.us = [_direction(random, each._array.shape) for each in self.wanted] if fast else None
        self.vs = [_direction(random, each._array.shape) for each in self.outputs] if fast else None
        # For each input, the Jacobian of each output.
        self.numerical = [
            differences.numerical(func, inputs, place, limits.eps, None if self.us is None else self.us[number])
            for number, place in enumerate(self.places)
        ]
        if not self.outputs:
            self._constant()

    def _constant(self) -> None:
        """A function none of whose outputs requires grad must not depend on the inputs."""
        if any(np.any(each != 0) for jacobians in self.numerical for each in jacobians):
            raise GradcheckError("Numerical gradient for function expected to be zero")

    def backward(self, check_dtypes: bool) -> None:
        """Compares the Jacobians by walks back, which must be the same in a second run."""
        for index, output in enumerate(self.outputs):
            v = None if self.vs is None else self.vs[index]
            found = differences.backward(output, self.wanted, v)
            again = differences.backward(output, self.wanted, v)
            if check_dtypes and any(a.dtype != each._array.dtype for a, each in zip(found, self.wanted, strict=True)):
                raise GradcheckError("Gradient has dtype mismatch")
            if any(a.size and np.abs(a - b).max() > self.limits.nondet_tol for a, b in zip(found, again, strict=True)):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                    "gives different values, although analytical gradient matches numerical gradient.The tolerance for "
                    f"nondeterminism was {self.limits.nondet_tol}."
                )
            for number, analytical in enumerate(found):
                u = None if self.us is None else self.us[number]
                expected = self.numerical[number][self.recorded[index]]
                if u is not None and v is not None:
                    analytical = np.reshape(u, (1, -1)) @ analytical
                    expected = expected @ np.reshape(v, (-1, 1))
                self._compare(analytical, expected, index, number, u, v, False)

    def forward(self) -> None:
        """Compares the Jacobians by pushes forward."""
        found = differences.forward(self.func, self.inputs, self.us)
        for number, row in enumerate(found):
            u = None if self.us is None else self.us[number]
            for index, analytical in zip(self.floating, row, strict=True):
                self._compare(analytical, self.numerical[number][index], index, number, u, None, True)

    def _compare(
        self, analytical: ndarray, expected: ndarray, output: int, input: int, u: Any, v: Any, forward: bool
    ) -> None:
        """Raises GradcheckError where two Jacobians differ; one that is a mixture may differ by as many errors."""
        atol = self.limits.atol * (1 if u is None else float(u.sum()) * (1 if v is None else float(v.sum())))
        if np.allclose(analytical, expected, self.limits.rtol, atol):
            return
        mode = "computed with forward mode " if forward else ""
        a, n = (wrap(each.reshape(()) if v is not None else each) for each in (analytical, expected))
        error = GradcheckError(
            f"Jacobian {mode}mismatch for output {output} with respect to input {input},\n"
            f"numerical:{n}\nanalytical:{a}\n" + (self._slow(output, input) if u is not None and not forward else "")
        )
        error.place, error.analytical, error.numerical = self.places[input], analytical, expected
        raise error

    def _slow(self, output: int, input: int) -> str:
        """What is said of a mixture that differs: the whole Jacobians."""
        whole = differences.numerical(self.func, self.inputs, self.places[input], self.limits.eps)
        numerical = whole[self.recorded[output]]
        analytical = differences.backward(self.outputs[output], self.wanted)[input]
        return (
            "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. Below, "
            "we recompute numerical and analytical jacobians in slow mode:\n\n"
            f"Numerical:\n {wrap(numerical)}\nAnalytical:\n{wrap(analytical)}\n\n"
            f"The max per-element difference (slow mode) is: {np.abs(numerical - analytical).max()}.\n"
        )

    def weights(self, batched: bool) -> None:
        """The gradients must follow their weights: zero for zero weights, and linearly."""
        if not self.outputs:
            return
        zeros = [wrap(np.zeros_like(each._array)) for each in self.outputs]
        found = grad(self.outputs, self.wanted, zeros, retain_graph=True, allow_unused=True)
        if any(each is not None and np.any(each._array != 0) for each in found):
            raise GradcheckError("backward not multiplied by grad_output")
        random = np.random.Generator(np.random.PCG64(5))
        for index, output in enumerate(self.outputs):
            mixture = random.uniform(-1, 1, output._array.shape)
            together = differences.backward(output, self.wanted, mixture)
            if self.us is None:
                for number, each in enumerate(together):
                    expected = self.numerical[number][self.recorded[index]] @ np.reshape(mixture, (-1, 1))
                    self._compare(each, expected, index, number, None, None, False)
            if batched:
                self._batched(output, random)

    def _batched(self, output: Tensor, random: np.random.Generator) -> None:
        shape, dtype = output._array.shape, output._array.dtype
        starts = wrap(random.uniform(-1, 1, (2, *shape)).astype(dtype))
        found = grad(output, self.wanted, starts, True, allow_unused=True, is_grads_batched=True)
        for number, start in enumerate(starts._array):
            single = grad(output, self.wanted, wrap(np.array(start)), True, allow_unused=True)
            for together, alone in zip(found, single, strict=True):
                if alone is not None and not np.allclose(together._array[number], alone._array):
                    raise GradcheckError("gradcheck or gradgradcheck failed while testing batched gradient computation")

    def undefined(self) -> None:
        """An output that nothing used (its gradient is undefined) must pass for one whose gradient is zero."""
        if len(self.outputs) < 2:
            return
        for skipped in range(len(self.outputs)):
            rest = [each for number, each in enumerate(self.outputs) if number != skipped]
            with_zero = [wrap(np.full_like(each._array, at != skipped)) for at, each in enumerate(self.outputs)]
            try:
                a = self._gradients(rest, [wrap(np.ones_like(each._array)) for each in rest])
            except RuntimeError as error:
                raise GradcheckError("Expected backward function to handle undefined output grads.") from error
            b = self._gradients(self.outputs, with_zero)
            for index, (x, y) in enumerate(zip(a, b, strict=True)):
                if not np.allclose(x, y, equal_nan=True):
                    raise GradcheckError(
                        f"the gradient of input {index} differs between an undefined and a zero gradient of output "
                        f"{skipped}"
                    )

    def _gradients(self, outputs: list[Tensor], weights: list[Tensor]) -> list[Any]:
        found = grad(outputs, self.wanted, weights, True, allow_unused=True, materialize_grads=True)
        return [each._array for each in found]


def _direction(random: np.random.Generator, shape: tuple[int, ...]) -> ndarray:
    """Positive weights of norm 1."""
    values = np.asarray(random.random(shape))
    return values / (np.linalg.norm(values) or 1.0)
