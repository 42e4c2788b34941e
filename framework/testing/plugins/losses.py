"""Checks losses and metrics: batches of any size, finite gradients, float32, compiled; whatever batches they are given in."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import framework
from framework.autograd import Tensor, grad
from framework.autograd.gradcheck import GradcheckError, gradcheck
from framework.compiler import compile
from framework.operations import from_numpy
from framework.random import fork_rng, manual_seed
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.testing.plugins.inputs import pairs
from framework.training.metrics import Metric, named_metrics

__all__ = ["check_loss", "check_metric"]


def check_loss(name: str, thing: Any, given: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """Every check of a loss, a function or a class that makes one."""

    def of(title: str, check: Callable[[Any, np.ndarray, np.ndarray], None]) -> Finding:
        def over_all() -> None:
            for prediction, target in calls:
                check(loss, prediction, target)

        return found("losses", name, title, over_all)

    try:
        loss = _made(thing)
    except NotChecked as reason:
        yield Finding("losses", name, "made", None, str(reason))
        return
    try:
        calls = _fitting(name, loss, given)
    except NotChecked as reason:
        yield Finding("losses", name, "inputs", False, str(reason))
        return
    scalar = of("scalar", _check_scalar)
    yield scalar
    if not scalar.ok:
        return
    yield of("batch size", _check_batch_size)
    yield of("gradient", _check_gradient)
    yield of("finite", _check_finite)
    yield of("float32", _check_float32)
    yield of("compiled", _check_compiled)


def check_metric(name: str, thing: Any, given: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """Every check of a metric, a function of a whole split, a Metric, or a class of one."""

    def make() -> Metric:
        (metric,) = named_metrics([name], {name: thing}).values()
        return metric

    calls = []
    for prediction, target in pairs(given):
        try:
            value = _measured(make(), [(prediction, target)])
        except Exception as error:
            if given:
                yield found("metrics", name, "value", partial(_again, error))
                return
            continue
        if not isinstance(value, float | int) or math.isfinite(value):
            calls.append((prediction, target))
    if not calls:
        yield Finding("metrics", name, "inputs", False, _give(name, "[prediction, target]"))
        return

    def batches() -> None:
        for prediction, target in calls:
            whole = _measured(make(), [(prediction, target)])
            cut = _measured(make(), [(prediction[:2], target[:2]), (prediction[2:], target[2:])])
            assert _alike(whole, cut), (
                f"it is {whole} of all samples at once, and {cut} in two batches of other sizes: add up sums and counts in "
                "update, not means of batches, and divide in compute"
            )

    def state() -> None:
        for prediction, target in calls:
            one, other = make(), make()
            one.reset()
            other.reset()
            one.update(from_numpy(prediction[:2]), from_numpy(target[:2]))
            other.load_state_dict(one.state_dict())
            for each in (one, other):
                each.update(from_numpy(prediction[2:]), from_numpy(target[2:]))
            first, second = one.compute(), other.compute()
            assert _alike(first, second), f"state_dict loses something: {first}, and {second} after loading it"

    def reset() -> None:
        for prediction, target in calls:
            metric = make()
            first, second = (_measured(metric, [(prediction, target)]) for _ in range(2))
            assert _alike(first, second), f"reset() leaves something: {first} at first, {second} after it"

    for check, function in (("batches", batches), ("state", state), ("reset", reset)):
        yield found("metrics", name, check, function)


def _again(error: BaseException) -> None:
    raise error


def _measured(metric: Metric, batches: Sequence[tuple[np.ndarray, np.ndarray]]) -> Any:
    metric.reset()
    for prediction, target in batches:
        metric.update(from_numpy(prediction), from_numpy(target))
    return metric.compute()


def _alike(one: Any, other: Any) -> bool:
    try:
        return bool(np.allclose(one, other, rtol=1e-6, equal_nan=True))
    except (TypeError, ValueError):
        return bool(one == other)


def _made(thing: Any) -> Callable[[Any, Any], Any]:
    try:
        made: Any = thing() if inspect.isclass(thing) else thing
        return made
    except TypeError as error:
        raise NotChecked(
            f"It cannot be made without arguments, as a recipe's hyperparameters give them: {error}"
        ) from None


def _fitting(name: str, loss: Callable[[Any, Any], Any], given: Sequence[Sequence[Any]]) -> list[list[np.ndarray]]:
    """Those given, or else of each usual kind the ones that it takes and gives a finite number for."""
    if given:
        return list(pairs(given))
    found, failure = [], None
    for prediction, target in pairs(()):
        try:
            value = loss(from_numpy(prediction).requires_grad_(), from_numpy(target))
            if not isinstance(value, Tensor) or value.isfinite().all():
                found.append([prediction, target])
        except Exception as error:
            failure = failure or error
    if not found:
        raise NotChecked(f"No usual prediction and target fit ({failure}). {_give(name, '[prediction, target]')}")
    return found


def _give(name: str, call: str) -> str:
    return f'Give some, in register_examples: register("{name}", [{call}])'


def _value(loss: Callable[[Any, Any], Any], prediction: np.ndarray, target: np.ndarray) -> tuple[Tensor, Tensor]:
    x = from_numpy(prediction.copy()).requires_grad_()
    return loss(x, from_numpy(target)), x


def _with_gradient(
    loss: Any, prediction: np.ndarray, target: np.ndarray, *, single: bool = False
) -> tuple[Tensor, Tensor]:
    """The loss and its gradient; with `single`, of float32."""
    if single:
        prediction = prediction.astype(np.float32)
        target = target.astype(np.float32) if target.dtype.kind == "f" else target
    value, x = _value(loss, prediction, target)
    return value, grad(value, x)[0]


def _check_scalar(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    value, _ = _value(loss, prediction, target)
    assert isinstance(value, Tensor), (
        f"a loss returns a Tensor, not {type(value).__name__}: training calls loss.backward(). Leave out .item(), float(…) "
        "and NumPy's functions."
    )
    assert value.numel() == 1, f"a loss is one number, not of shape {tuple(value.shape)}: take its mean or sum"
    assert value.requires_grad, (
        "the loss does not depend on the prediction, as far as autograd sees: no .detach(), .data or comparison, no NumPy, "
        "and functions of Tensors from the prediction to the end"
    )


def _check_batch_size(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    """It is a mean, the same for a batch taken twice; or a sum, which says so."""

    if len(target) != len(prediction):
        raise NotChecked("Its target has no row for each sample.")
    once, twice, single = (_of_samples(loss, prediction, target, each) for each in (1, 2, 0))
    assert math.isfinite(single), (
        f"of a batch of one sample, which the last of an epoch may be, it is {single}: a division by the number of samples "
        "less one may be why"
    )
    summed = getattr(loss, "reduction", "mean") == "sum"
    if summed:
        right = _near(2 * once, twice)
        assert right, f"its reduction is 'sum', but it is {once:.6g} of a batch, and {twice:.6g} of the same twice"
        return
    shown = f"{once:.6g} of {len(prediction)} samples, {twice:.6g} of the same twice"
    assert not (_near(2 * once, twice) and not _near(once, 0)), (
        f"it adds up over the batch, or divides by a fixed number ({shown}), and the trainer takes it for a mean: divide by "
        "the number of elements that there are; or make it a Module with reduction = 'sum'."
    )
    if not _near(once, twice):
        raise NotChecked(
            f"It goes by the size of the batch: {shown}. That may be right of a loss that compares samples with each other."
        )


def _of_samples(loss: Any, prediction: np.ndarray, target: np.ndarray, times: int) -> float:
    """The loss of a batch taken so many times; 0, of its first sample alone."""
    batch = [np.concatenate([each] * times) if times else each[:1] for each in (prediction, target)]
    try:
        return float(loss(*map(from_numpy, batch)).item())
    except Exception as error:
        error.args = (
            f"{error}\nIt takes a batch of {len(prediction)} samples, and not one of {len(batch[0])}, as the last of an epoch "
            "may be: take their number from the prediction, by len(prediction) or reshape(-1, …).",
        )
        raise


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)


def _check_gradient(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    """What is detached on purpose is not to be told from what is by mistake."""

    def of(x: Tensor) -> Any:
        with fork_rng():
            manual_seed(0)
            return loss(x, from_numpy(target))

    try:
        gradcheck(of, from_numpy(prediction.copy()).requires_grad_())
    except GradcheckError as error:
        if error.place is None:
            raise
        worst = np.unravel_index(int(np.argmax(np.abs(error.analytical - error.numerical))), error.numerical.shape)
        raise NotChecked(
            f"Its gradient is not that of finite differences: {error.analytical[worst]:.6g} in the place of "
            f"{error.numerical[worst]:.6g}. If a part of it is a constant on purpose, by .detach(), that is right. If not: a "
            "part goes through .detach(), .data, .item() or .numpy(), or a Function of its own is wrong."
        ) from None


def _check_finite(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    """At predictions that are exactly right, zero, or, where they may be any number, very wrong."""
    anything = bool((np.abs(prediction) > 1).any() or (prediction < 0).any())
    at = {"zeros": np.zeros_like(prediction)} if anything else {}
    if prediction.shape == target.shape and target.dtype.kind == "f":
        at["the targets themselves"] = target.copy()
    if anything:
        at |= {"numbers around 50": 20 * prediction + 30 * np.sign(prediction)}
        _check_overflow(loss, 100 * np.sign(prediction), target)
    for what, values in at.items():
        value, gradient = _with_gradient(loss, values, target)
        for title, tensor in (("loss", value), ("gradient", gradient)):
            assert bool(tensor.isfinite().all()), (
                f"its {title} is not finite where the predictions are {what}: the derivative of sqrt or abs(…)**p at 0, "
                "or a log of 0? A small number within the root, or a function such as logaddexp or softplus, mends it."
            )


def _check_overflow(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    """float32 overflows sooner; an infinite loss may be right there, nan is not."""
    value, gradient = _with_gradient(loss, prediction, target, single=True)
    wrong = "loss" if bool(value.isnan().any()) else "gradient"
    assert wrong == "gradient" and not (bool(value.isfinite().all()) and bool(gradient.isnan().any())), (
        f"its {wrong} is nan where the predictions are 100 and -100 in float32: exp overflows there, or a logarithm is of 0. "
        "Functions that take logits mend it: binary_cross_entropy_with_logits, logsigmoid, log_softmax, softplus."
    )


def _check_float32(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    value, gradient = _with_gradient(loss, prediction, target, single=True)
    assert value.dtype == framework.float32, (
        f"float32 predictions and targets give a loss of {value.dtype}, and all that follows takes twice as long: a tensor of "
        "NumPy's numbers is float64; make constants by framework.tensor(2.0), or use Python numbers"
    )
    assert gradient.dtype == framework.float32


def _check_compiled(loss: Any, prediction: np.ndarray, target: np.ndarray) -> None:
    def step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        value = loss(x, y)
        return value, grad(value, x)[0]

    program = compile(step)
    y = from_numpy(target)
    for scale in (1.0, 0.5, 0.25):
        expected, found = (each(from_numpy(scale * prediction).requires_grad_(), y) for each in (step, program))
        for one, other in zip(expected, found, strict=True):
            assert one.numpy(force=True).tobytes() == other.numpy(force=True).tobytes(), (
                f"compiled, it gives {other} in the place of {one}: does it go by something beside its arguments?"
            )
    if not program.programs:
        raise NotChecked(
            "The compiler leaves it as it is written: it decides by the values of a tensor, or is no NumPy."
        )
