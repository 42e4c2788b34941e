"""Operations, each with a mistake that `framework plugins check` must find."""

import numpy as np

from framework.extend import hookimpl, operation

OPS = []


def add(op):
    OPS.append(op)
    return op


@add
@operation(name="wrong", promote="float")
def wrong(input, other):
    return input * input * other


wrong.add_derivative(lambda g, input, other: g * input * other, "input")
wrong.add_derivative(lambda g, input: g * input * input, "other")


@add
@operation(name="widens", promote="float")
def widens(input):
    return input * 2.0


@widens.derivative("input")
def _(g, input):
    scale = np.sqrt(4)
    return g * scale


@add
@operation(name="widens_mask", promote="float")
def widens_mask(input):
    return np.where(input > 0, 1.0, 0.0) * input


@widens_mask.derivative("input")
def _(g, input):
    return g * (input > 0)


@add
@operation(name="writes", promote="float")
def writes(input):
    input += 1
    return input * input


@writes.derivative("input")
def _(g, input):
    return 2 * g * input


@add
@operation(name="writes_g", promote="float")
def writes_g(input):
    return input * 3.0


@writes_g.derivative("input")
def _(g):
    g *= 3
    return g


@add
@operation(name="method", promote="float")
def method(input):
    return input - input.mean()


@method.derivative("input")
def _(g):
    return g - np.mean(g)


@add
@operation(name="method_formula", promote="float")
def method_formula(input):
    return np.sum(input)


@method_formula.derivative("input")
def _(g, input):
    return np.ones_like(input) * g.sum()


@add
@operation(name="decides", promote="float")
def decides(input):
    if np.sum(input) > 0:
        return input * 2.0
    return input * 2.0 + 0.0


decides.add_derivative(lambda g: g * 2.0, "input")


@add
@operation(name="nan_at_0", promote="float")
def nan_at_0(input):
    return np.sqrt(np.sum(input * input))


nan_at_0.add_derivative(lambda g, input, out: g * input / out, "input")


@add
@operation(name="overflows", promote="float")
def overflows(input):
    return np.exp(input) / (1 + np.exp(input))


overflows.add_derivative(lambda g, out: g * out * (1 - out), "input")


@add
@operation(name="constant", promote="float", residuals=["size"])
def constant(input):
    size = np.sum(input * input)
    return input * size, size


@constant.derivative("input")
def _(g, input, size):
    return g * size + 2 * input * np.sum(g * input)


@add
@operation(name="untyped")
def untyped(input, other):
    return input * other


untyped.add_derivative(lambda g, other: g * other, "input")
untyped.add_derivative(lambda g, input: g * input, "other")


@add
@operation(name="uncallable", promote="float")
def uncallable(input, matrix, kind):
    if kind not in ("a", "b"):
        raise ValueError(f"kind must be 'a' or 'b', not {kind!r}")
    return input @ matrix


uncallable.add_derivative(lambda g, matrix: g @ np.swapaxes(matrix, -1, -2), "input")


@add
@operation(name="scalar", promote="float")
def scalar(input):
    return np.float64(np.sum(input))


scalar.add_derivative(lambda g, input: np.ones_like(input) * g, "input")


@add
@operation(name="ignores_g", promote="float")
def ignores_g(input):
    return input * 3


ignores_g.add_derivative(lambda g, input: np.full_like(input, 3), "input")


@add
@operation(name="asarray", promote="float")
def asarray(input):
    return np.asarray(input) * 2


asarray.add_derivative(lambda g: g * 2, "input")


@add
@operation(name="random", promote="float")
def random(input):
    return input * np.random.rand()


random.add_derivative(lambda g: g, "input")


@add
@operation(name="shape", promote="float")
def shape(input):
    return np.sum(input, axis=-1)


shape.add_derivative(lambda g, input_shape: g * np.ones(input_shape), "input")


@add
@operation(name="unreturned", promote="float")
def unreturned(input):
    return input * 3


@unreturned.derivative("input")
def _(g):
    g * 3


@add
@operation(name="unreturned_input", promote="common")
def unreturned_input(input, other):
    return input * other


@unreturned_input.derivative("input", "other")
def _(g, other):
    return g * other, None


@add
@operation(name="unreturned_tuple", promote="common")
def unreturned_tuple(input, other):
    return input * other


@unreturned_tuple.derivative("input", "other")
def _(g, input, other):
    g * other, g * input


@add
@operation(name="summed", promote="float")
def summed(input):
    return np.sum(input, axis=-1)


@summed.derivative("input")
def _(g):
    return g


@add
@operation(name="listed", promote="float")
def listed(input):
    return input * 3


@listed.derivative("input")
def _(g):
    return [g * 3]


@hookimpl
def register_operations(register):
    for op in OPS:
        register(op.name, op)
    register("other_name", wrong)
    register("none", np.exp)
    register("relu", operation(np.negative, name="relu2", input=lambda g: -g))
