"""`check_operation`: everything that can be known of an operation without training with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.differentiate import grad
from framework.autograd.dtypes import from_numpy
from framework.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from framework.autograd.operation import Operation
from framework.autograd.tensor import Tensor, wrap
from framework.compiler import compile
from framework.compiler.tracing.transaction import same_bits
from framework.random import fork_rng, manual_seed
from framework.testing.doubles import DeviceArray, SingleArray, Widened
from framework.testing.mismatch import explained, line_of

WIDENS = (
    "a NumPy number such as np.sqrt(2) or np.mean(mask) widens float32: use math.sqrt(2); and so does np.where(mask, 1.0, "
    "0.0): use mask * x"
)


def check_operation(
    operation: Operation,
    *arguments: Any,
    second_order: bool = True,
    device: bool = True,
    single: bool = True,
    refuses: bool = False,
    atol: float = 1e-5,
    rtol: float = 1e-3,
) -> None:
    """Checks one call of an operation; raises AssertionError or GradcheckError saying what is wrong.

    arguments: arrays (float64 where differentiable) and plain values, as the operation takes them.
    Checked: both orders of derivative against finite differences, float32 staying float32, inputs and gradients never
    written to, no NumPy number where an array of no dimensions is due, the same result on a `DeviceArray`, which
    has no methods and refuses the host (`device`), and the same bits as a compiled program. `single=False` is for
    operations whose result has a type of its own, `refuses=True` for those that have no derivative, and raise where one
    is asked for (their arguments: whole numbers).
    """
    check_forward(operation, arguments)
    if refuses:
        check_refusal(operation, arguments)
    elif operation.positions:
        check_purity(operation, arguments)
        check_gradients(operation, *arguments, second_order=second_order, atol=atol, rtol=rtol)
        if single:
            check_single_precision(operation, arguments)
    if device:
        check_device(operation, arguments)
    check_compiled(operation, arguments)


def check_gradients(
    operation: Operation, *arguments: Any, second_order: bool = True, atol: float = 1e-5, rtol: float = 1e-3
) -> None:
    """First and second derivatives are those of finite differences; a GradcheckError says where they are not."""
    for second in (False, True) if second_order else (False,):
        check_order(operation, arguments, second, atol=atol, rtol=rtol)


def check_order(
    operation: Operation, arguments: Sequence[Any], second: bool, *, atol: float = 1e-5, rtol: float = 1e-3
) -> None:
    """The first derivatives are those of finite differences, or the `second` ones are those of the first."""
    tensors = as_tensors(operation, arguments)
    function, inputs = _over_tensors(operation, tensors)
    try:
        (gradgradcheck if second else gradcheck)(function, inputs, atol=atol, rtol=rtol)
    except GradcheckError as error:
        raise GradcheckError(explained(operation, tensors, error, second)) from None


def check_refusal(operation: Operation, arguments: Sequence[Any]) -> None:
    """The result of what requires grad does too, and its gradient is refused."""
    real = [
        np.astype(each, np.float64) if number in operation.positions and isinstance(each, ndarray) else each
        for number, each in enumerate(arguments)
    ]
    inputs = as_tensors(operation, real)
    outputs = _loss(_all(operation(*inputs)))
    assert outputs, f"{operation.name}: its result requires no grad"
    try:
        grad([outputs[0].sum()], [each for each in flat(inputs) if each.requires_grad])
    except (NotImplementedError, RuntimeError) as error:
        assert "not implemented" in str(error)
        return
    raise AssertionError(f"{operation.name}: it has a derivative")


def as_tensors(operation: Operation, arguments: Sequence[Any], dtype: Any = None) -> list[Any]:
    """Arrays as Tensors; the differentiable ones require grad."""
    result: list[Any] = []
    for number, each in enumerate(arguments):
        if isinstance(each, (list, tuple)) and each and isinstance(each[0], ndarray):
            result.append([_tensor(one, number in operation.positions, dtype) for one in each])
        else:
            result.append(_tensor(each, number in operation.positions, dtype))
    return result


def _tensor(value: Any, differentiable: bool, dtype: Any) -> Any:
    if not isinstance(value, ndarray):
        return value
    floating = value.dtype.kind == "f"
    tensor = wrap(value.astype(dtype) if floating and dtype is not None else value.copy())
    tensor._requires_grad = differentiable and floating
    return tensor


def _over_tensors(operation: Operation, arguments: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
    """The call as a function for gradcheck, which looks at no list inside an argument, and what to call it with."""
    several = list(arguments[0]) if operation.sequence else arguments

    def call(*args: Any) -> Any:
        result = operation(list(args), *arguments[1:]) if operation.sequence else operation(*args)
        return result if isinstance(result, Tensor) else tuple(each for each in result)

    return call, several


def _all(result: Any) -> list[Any]:
    return [result] if isinstance(result, Tensor) or not isinstance(result, (tuple, list)) else list(result)


def check_forward(operation: Operation, arguments: Sequence[Any]) -> None:
    """On arrays it is plain NumPy, on Tensors the same values; a result without dimensions is an array."""
    recorded = _all(operation(*as_tensors(operation, arguments)))
    for each in recorded:
        assert isinstance(each._array, ndarray), f"{operation.name}: a result is a {type(each._array).__name__}"
    if operation.name in _RANDOM:
        return
    for plain, each in zip(_all(operation(*arguments)), recorded, strict=True):
        np.testing.assert_allclose(np.asarray(plain), each._array, err_msg=f"{operation.name}: arrays against Tensors")


_RANDOM = {"dropout"}


def _loss(outputs: list[Tensor]) -> list[Tensor]:
    return [each for each in outputs if each.requires_grad]


def check_single_precision(operation: Operation, arguments: Sequence[Any]) -> None:
    """float32 in, float32 out, and float32 gradients from the formula itself, not by the engine's cast."""
    tensors = as_tensors(operation, arguments, np.float32)
    outputs = _loss(_all(operation(*tensors)))
    for each in outputs:
        if each._array.dtype != np.float32:
            raise AssertionError(f"{operation.name}: float32 gives {each.dtype}{_widened(operation, arguments)}")
    for gradient in _formulas(outputs):
        if gradient is not None and gradient.dtype != np.float32:
            raise AssertionError(
                f"{operation.name}: the gradient of a float32 input is {from_numpy(gradient.dtype)}"
                f"{_widened(operation, arguments)}"
            )


def _formulas(outputs: Sequence[Tensor]) -> Iterator[Any]:
    """The gradients as the formulas give them, of ones."""
    for each in outputs:
        node = each.grad_fn
        assert node is not None
        ones = [np.ones_like(one._array) for one in outputs] if node.outputs else np.ones_like(each._array)
        yield from node.backward(ones, None, False)


def _widened(operation: Operation, arguments: Sequence[Any]) -> str:
    """Where in the operation float32 becomes float64, and why; to follow what came of it."""
    tensors = as_tensors(operation, arguments, np.float32)
    for each in flat(tensors):
        each._array = SingleArray(each._array)
    try:
        list(_formulas(_loss(_all(operation(*tensors)))))
    except Widened as error:
        return f": {error}{line_of(error, operation)}; {WIDENS}"
    except Exception:  # of another kind, which another check tells
        pass
    return f"; {WIDENS}"


def check_purity(operation: Operation, arguments: Sequence[Any]) -> None:
    """Neither the function nor its formulas write into what they are given."""
    try:
        _call_frozen(operation, arguments)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise AssertionError(
            f"{operation.name} writes into what it was given{line_of(error, operation)}: a formula makes new arrays, "
            "g = g * x and not g *= x."
        ) from error


def _call_frozen(operation: Operation, arguments: Sequence[Any]) -> None:
    """The function and its formulas on arrays that cannot be written to."""

    def frozen(array: ndarray) -> ndarray:
        copy = array.copy()
        copy.flags.writeable = False
        return copy

    tensors = as_tensors(operation, arguments)
    for each in flat(tensors):
        each._array = frozen(each._array)
    for each in _loss(_all(operation(*tensors))):
        node = each.grad_fn
        assert node is not None
        node.saved = [frozen(one) if isinstance(one, ndarray) else one for one in node.saved]
        ones = frozen(np.ones_like(each._array))
        start = [frozen(np.ones(s, d)) for s, d in zip(node.shape, node.dtype, strict=True)] if node.outputs else ones
        list(node.backward(start, None, False))


def check_device(operation: Operation, arguments: Sequence[Any]) -> None:
    """Values and gradients on a `DeviceArray` equal those on NumPy arrays."""
    tensors = as_tensors(operation, arguments)
    moved = as_tensors(operation, arguments)
    for each in flat(moved):
        each._array = DeviceArray(each._array)
    outputs, elsewhere = _all(operation(*tensors)), _all(operation(*moved))
    for a, b in zip(outputs, elsewhere, strict=True):
        assert isinstance(b._array, DeviceArray), f"{operation.name}: the result left the device"
        np.testing.assert_allclose(a._array, b._array.host(), err_msg=f"{operation.name}: on a device")
    recorded = [(a, b) for a, b in zip(outputs, elsewhere, strict=True) if a.requires_grad]
    if not recorded:
        return
    wanted = [(a, b) for a, b in zip(flat(tensors), flat(moved), strict=True) if a.requires_grad]
    expected = grad([a for a, _ in recorded], [a for a, _ in wanted], _ones(recorded, 0), allow_unused=True)
    found = grad([b for _, b in recorded], [b for _, b in wanted], _ones(recorded, 1), allow_unused=True)
    for one, other in zip(expected, found, strict=True):
        if one is not None:
            np.testing.assert_allclose(
                one._array, other._array.host(), err_msg=f"{operation.name}: gradient on a device"
            )


def check_compiled(operation: Operation, arguments: Sequence[Any]) -> None:
    """As a program, it gives the same values and gradients to the last bit, in float64 and in float32."""

    def call(*tensors: Any) -> tuple[Tensor, ...]:
        # Copied, so that a view is a result of its own.
        return tuple([each.clone() for each in _all(operation(*tensors))])

    for dtype in (None, np.float32):
        compiled = compile(call, fullgraph=True)
        try:
            expected = _bits(call, operation, arguments, dtype)
        except Exception:
            if dtype is None:
                raise
            continue  # not an operation of that type
        for _ in range(3):
            found = _bits(compiled, operation, arguments, dtype)
            assert len(found) == len(expected), f"{operation.name}: compiled, it gives another number of results"
            for one, other in zip(expected, found, strict=True):
                same = one is other is None or (one is not None and other is not None and same_bits(one, other))
                assert same, f"{operation.name}: compiled, it gives\n{other}\ninstead of\n{one}"
        assert compiled.programs, f"{operation.name}: no program came of it"


def _bits(
    call: Callable[..., tuple[Tensor, ...]], operation: Operation, arguments: Sequence[Any], dtype: Any
) -> list[ndarray | None]:
    """The results and gradients of a call, random numbers drawn from the same place."""
    with fork_rng():
        manual_seed(0)
        tensors = as_tensors(operation, arguments, dtype)
        outputs = list(call(*tensors))
    found: list[ndarray | None] = [each._array.copy() for each in outputs]
    recorded = _loss(outputs)
    wanted = [each for each in flat(tensors) if each.requires_grad]
    if recorded and wanted:
        starts = [wrap(np.full_like(each._array, 1.5)) for each in recorded]
        for each in grad(recorded, wanted, starts, allow_unused=True):
            found.append(None if each is None else each._array.copy())
    return found


def _ones(recorded: list[tuple[Tensor, Tensor]], side: int) -> list[Tensor]:
    return [wrap(np.ones_like(pair[side]._array)) for pair in recorded]


def flat(arguments: Sequence[Any]) -> list[Tensor]:
    result = []
    for each in arguments:
        result += [one for one in (each if isinstance(each, (list, tuple)) else [each]) if isinstance(one, Tensor)]
    return result
