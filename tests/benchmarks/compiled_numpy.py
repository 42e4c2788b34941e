"""The training steps of `compiled` in NumPy tuned by hand, beyond what one would write (that is `compiled_plain`).

What shaped them: products with `dot`, weights of the first layer as (in, out) and logits as (classes, batch); column
sums as `ones.dot`; 0-d arrays for scalars; `maximum` against as many zeros, which is four times faster than against
one; a ReLU's gradient by a mask of bits; all parameters in one flat array; elementwise chains in blocks that stay in
the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import absolute, add, bitwise_and, divide, exp, log, maximum, multiply, negative, right_shift, subtract, tanh

BLOCK = 1 << 16
Array = np.ndarray[Any, Any]
Step = Callable[[Array, Array], Array]


def logistic(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """One layer to one logit; gives the step and the parameters that it updates, laid out as PyTorch's."""
    (w, b), gradients, update = _parameters([weights[0][0], weights[1].reshape(())], lr, momentum)
    gw, gb = gradients
    ones, z, g = _full(1, batch), _empty(batch), _empty(batch)
    binary_cross_entropy = _binary_cross_entropy(z, g)

    def step(x: Array, y: Array) -> Array:
        x.dot(w, z)
        add(z, b, z)
        loss = binary_cross_entropy(y)
        g.dot(x, gw)
        ones.dot(g, gb)
        update()
        return loss

    return step, [w.reshape(1, -1), b.reshape(1)]


def binary(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """Two layers to one logit."""
    arranged = [weights[0].T, weights[1], weights[2][0], weights[3].reshape(())]
    (w1, b1, w2, b2), (gw1, gb1, gw2, gb2), update = _parameters(arranged, lr, momentum)
    ones, z, g = _full(1, batch), _empty(batch), _empty(batch)
    column, row = g[:, None], w2[None]
    h, gh, relu, relu_backward = _hidden(batch, b1)
    binary_cross_entropy = _binary_cross_entropy(z, g)

    def step(x: Array, y: Array) -> Array:
        x.dot(w1, h)
        relu()
        h.dot(w2, z)
        add(z, b2, z)
        loss = binary_cross_entropy(y)
        g.dot(h, gw2)
        ones.dot(g, gb2)
        column.dot(row, gh)
        relu_backward()
        x.T.dot(gh, gw1)
        ones.dot(gh, gb1)
        update()
        return loss

    return step, [w1.T, b1, w2.reshape(1, -1), b2.reshape(1)]


def classifier(weights: list[Array], batch: int, lr: float, momentum: float) -> tuple[Step, list[Array]]:
    """Two layers to the logits of classes."""
    arranged = [weights[0].T, weights[1], weights[2], weights[3]]
    (w1, b1, w2, b2), (gw1, gb1, gw2, gb2), update = _parameters(arranged, lr, momentum)
    ones, z, bias = _full(1, batch), _empty(len(w2), batch), b2[:, None]
    h, gh, relu, relu_backward = _hidden(batch, b1)
    cross_entropy = _cross_entropy(z)

    def step(x: Array, y: Array) -> Array:
        x.dot(w1, h)
        relu()
        w2.dot(h.T, z)
        add(z, bias, z)
        loss = cross_entropy(y)
        z.dot(h, gw2)
        z.dot(ones, gb2)
        z.T.dot(w2, gh)
        relu_backward()
        x.T.dot(gh, gw1)
        ones.dot(gh, gb1)
        update()
        return loss

    return step, [w1.T, b1, w2, b2]


def _parameters(arrays: list[Array], lr: float, momentum: float) -> tuple[list[Array], list[Array], Callable[[], None]]:
    """The arrays in one flat copy, their gradients in another, and SGD over both, which spoils the gradients."""
    flat = np.concatenate([each.ravel() for each in arrays])
    gradient, velocity = np.zeros_like(flat), np.zeros_like(flat if momentum else flat[:0])
    starts = np.cumsum([0] + [each.size for each in arrays])
    places = [(slice(start, start + each.size), each.shape) for start, each in zip(starts, arrays, strict=False)]
    cuts = [slice(start, start + BLOCK) for start in range(0, flat.size, BLOCK)]
    blocks = [(flat[cut], gradient[cut], velocity[cut]) for cut in cuts]
    rate, decay = np.array(lr, np.float32), np.array(momentum, np.float32)

    def plain() -> None:
        for p, g, _ in blocks:
            multiply(g, rate, g)
            subtract(p, g, p)

    def with_momentum() -> None:
        for p, g, v in blocks:
            multiply(v, decay, v)
            add(v, g, v)
            multiply(v, rate, g)
            subtract(p, g, p)

    views = [[whole[cut].reshape(shape) for cut, shape in places] for whole in (flat, gradient)]
    return views[0], views[1], with_momentum if momentum else plain


def _hidden(batch: int, bias: Array) -> tuple[Array, Array, Callable[[], None], Callable[[], None]]:
    """A hidden layer and its gradient, with what adds the bias and applies ReLU, and what takes the gradient back.

    Taking it back spoils the layer: of each number it leaves the mask, all bits where it is positive.
    """
    h, gh = _empty(batch, bias.size), _empty(batch, bias.size)
    count = max(BLOCK // bias.size, 1)
    rows, zeros = _empty(min(count, batch), bias.size), _full(0, min(count, batch), bias.size)
    cuts = [slice(start, min(start + count, batch)) for start in range(0, batch, count)]
    forward = [(h[cut], rows[: cut.stop - cut.start], zeros[: cut.stop - cut.start]) for cut in cuts]
    backward = [(h[cut].view(np.int32), gh[cut].view(np.int32)) for cut in cuts]
    sign = np.array(31, np.int32)

    def relu() -> None:
        rows[...] = bias
        for part, biases, none in forward:
            add(part, biases, part)
            maximum(part, none, out=part)

    def relu_backward() -> None:
        for mask, gradient in backward:
            negative(mask, mask)
            right_shift(mask, sign, mask)
            bitwise_and(gradient, mask, gradient)

    return h, gh, relu, relu_backward


def _binary_cross_entropy(z: Array, g: Array) -> Callable[[Array], Array]:
    """The mean of max(z, 0) − z y − log σ(|z|), whose gradient (σ(z) − y) / n it leaves in `g`: σ = ½ + ½ tanh(z / 2)."""
    n = len(z)
    a, terms, zeros, mean, loss = _empty(n), _empty(n), _full(0, n), _full(1 / n, n), _empty()
    half, scale = _full(0.5), _full(1 / n)

    def binary_cross_entropy(y: Array) -> Array:
        multiply(z, half, g)
        tanh(g, g)
        multiply(g, half, g)
        absolute(g, a)
        add(a, half, a)
        log(a, a)
        maximum(z, zeros, out=terms)
        subtract(terms, a, terms)
        multiply(z, y, a)
        subtract(terms, a, terms)
        terms.dot(mean, loss)
        add(g, half, g)
        subtract(g, y, g)
        multiply(g, scale, g)
        return loss

    return binary_cross_entropy


def _cross_entropy(z: Array) -> Callable[[Array], Array]:
    """The mean of log Σ exp(z) − z[y] over the columns of `z`, in which it leaves the gradient (softmax − onehot) / n."""
    classes, n = z.shape
    flat, positions, places = z.ravel(), np.arange(n), np.empty(n, np.int64)
    largest, total, picked, loss = _empty(n), _empty(n), _empty(n), _empty()
    ones, mean = _full(1, classes), _full(1 / n, n)
    width, count, share = np.array(n), _full(n), _full(1 / n)
    largest_of, total_times_n = maximum.reduce, largest

    def cross_entropy(y: Array) -> Array:
        largest_of(z, axis=0, out=largest)
        subtract(z, largest, z)
        multiply(y, width, places)
        add(places, positions, places)
        flat.take(places, out=picked, mode="clip")
        exp(z, z)
        ones.dot(z, total)
        multiply(total, count, total_times_n)
        divide(z, total_times_n, z)
        log(total, total)
        subtract(total, picked, total)
        total.dot(mean, loss)
        flat.take(places, out=picked, mode="clip")
        subtract(picked, share, picked)
        flat[places] = picked
        return loss

    return cross_entropy


def _empty(*shape: int) -> Array:
    return np.empty(shape, np.float32)


def _full(value: float, *shape: int) -> Array:
    return np.full(shape, value, np.float32)
