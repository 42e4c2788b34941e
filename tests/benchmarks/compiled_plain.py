"""The training steps of `compiled` as a careful person writes them: NumPy by hand with `out=`.

framework's own formulas, parameters laid out as PyTorch's, buffers made beforehand, numbers as arrays of no dimensions.
`compiled_numpy` is what tuning makes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import add, argmax, divide, dot, exp, log, logaddexp, maximum, multiply, not_equal, subtract, tanh

Array = np.ndarray[Any, Any]
Step = Callable[[Array, Array], Array]


def logistic(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """One layer to one logit; gives the step and the parameters that it updates."""
    w, b = parameters = [each.copy() for each in weights]
    gw, gb = gradients = [np.empty_like(each) for each in weights]
    update = _sgd(parameters, gradients, lr, momentum)
    z, g, a, loss = _empty(batch), _empty(batch), _empty(batch), _empty()
    zero, half, one, count, scale = map(_number, (0, 0.5, 1, batch, 0.5 / batch))
    ones = np.ones(batch, np.float32)
    w_row, gw_row, b_number, gb_number = w[0], gw[0], b.reshape(()), gb.reshape(())

    def step(x: Array, y: Array) -> Array:
        dot(x, w_row, out=z)
        add(z, b_number, out=z)

        logaddexp(z, zero, out=g)
        multiply(z, y, out=a)
        subtract(g, a, out=g)
        add.reduce(g, out=loss)
        divide(loss, count, out=loss)

        multiply(z, half, out=g)
        tanh(g, out=g)
        add(g, one, out=g)
        add(y, y, out=a)
        subtract(g, a, out=g)
        multiply(g, scale, out=g)

        dot(g, x, out=gw_row)
        dot(ones, g, out=gb_number)
        update()
        return loss

    return step, parameters


def binary(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """Two layers to one logit."""
    w1, b1, w2, b2 = parameters = [each.copy() for each in weights]
    gw1, gb1, gw2, gb2 = gradients = [np.empty_like(each) for each in weights]
    update = _sgd(parameters, gradients, lr, momentum)
    h, gh, positive = _empty(batch, len(w1)), _empty(batch, len(w1)), np.empty((batch, len(w1)), np.bool_)
    z, g, a, loss = _empty(batch), _empty(batch), _empty(batch), _empty()
    zero, half, one, count, scale = map(_number, (0, 0.5, 1, batch, 0.5 / batch))
    ones, zeros = np.ones(batch, np.float32), np.zeros_like(h)
    w1_t, gh_t, g_column = w1.T, gh.T, g[:, None]
    w2_row, gw2_row, b2_number, gb2_number = w2[0], gw2[0], b2.reshape(()), gb2.reshape(())

    def step(x: Array, y: Array) -> Array:
        dot(x, w1_t, out=h)
        add(h, b1, out=h)
        maximum(h, zeros, out=h)
        dot(h, w2_row, out=z)
        add(z, b2_number, out=z)

        logaddexp(z, zero, out=g)
        multiply(z, y, out=a)
        subtract(g, a, out=g)
        add.reduce(g, out=loss)
        divide(loss, count, out=loss)

        multiply(z, half, out=g)
        tanh(g, out=g)
        add(g, one, out=g)
        add(y, y, out=a)
        subtract(g, a, out=g)
        multiply(g, scale, out=g)

        dot(g, h, out=gw2_row)
        dot(ones, g, out=gb2_number)
        dot(g_column, w2, out=gh)
        not_equal(h, zero, out=positive)
        multiply(gh, positive, out=gh)
        dot(gh_t, x, out=gw1)
        dot(ones, gh, out=gb1)
        update()
        return loss

    return step, parameters


def classifier(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """Two layers to the logits of classes."""
    w1, b1, w2, b2 = parameters = [each.copy() for each in weights]
    gw1, gb1, gw2, gb2 = gradients = [np.empty_like(each) for each in weights]
    update = _sgd(parameters, gradients, lr, momentum)
    h, gh, positive = _empty(batch, len(w1)), _empty(batch, len(w1)), np.empty((batch, len(w1)), np.bool_)
    z, total, losses, loss = _empty(batch, len(w2)), _empty(batch), _empty(batch), _empty()
    samples, likeliest = np.arange(batch), np.empty(batch, np.intp)
    zero, count, share = map(_number, (0, batch, 1 / batch))
    ones, class_ones, zeros = np.ones(batch, np.float32), np.ones(len(w2), np.float32), np.zeros_like(h)
    w1_t, w2_t, gh_t, z_t, total_column = w1.T, w2.T, gh.T, z.T, total[:, None]

    def step(x: Array, y: Array) -> Array:
        dot(x, w1_t, out=h)
        add(h, b1, out=h)
        maximum(h, zeros, out=h)
        dot(h, w2_t, out=z)
        add(z, b2, out=z)

        argmax(z, axis=1, out=likeliest)
        subtract(z, z[samples, likeliest][:, None], out=z)
        picked = z[samples, y]
        exp(z, out=z)
        dot(z, class_ones, out=total)
        log(total, out=losses)
        subtract(losses, picked, out=losses)
        add.reduce(losses, out=loss)
        divide(loss, count, out=loss)

        divide(share, total, out=total)
        multiply(z, total_column, out=z)
        z[samples, y] -= share

        dot(z_t, h, out=gw2)
        dot(ones, z, out=gb2)
        dot(z, w2, out=gh)
        not_equal(h, zero, out=positive)
        multiply(gh, positive, out=gh)
        dot(gh_t, x, out=gw1)
        dot(ones, gh, out=gb1)
        update()
        return loss

    return step, parameters


def _sgd(parameters: list[Array], gradients: list[Array], lr: float, momentum: float) -> Callable[[], None]:
    """What updates each parameter by its gradient, which it spoils."""
    rate, decay = _number(lr), _number(momentum)
    pairs = list(zip(parameters, gradients, strict=True))
    triples = [(p, g, np.zeros_like(p)) for p, g in pairs] if momentum else []

    def plain() -> None:
        for p, g in pairs:
            multiply(g, rate, out=g)
            subtract(p, g, out=p)

    def with_momentum() -> None:
        for p, g, v in triples:
            multiply(v, decay, out=v)
            add(v, g, out=v)
            multiply(v, rate, out=g)
            subtract(p, g, out=p)

    return with_momentum if momentum else plain


def _empty(*shape: int) -> Array:
    return np.empty(shape, np.float32)


def _number(value: float) -> Array:
    return np.array(value, np.float32)
