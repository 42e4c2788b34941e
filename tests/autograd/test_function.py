"""Operations with a backward of one's own."""

import gc
import weakref

import pytest

import framework as torch
from framework.autograd import Function, gradcheck, gradgradcheck
from framework.autograd.function import once_differentiable


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad


class SplitAtZero(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.scale = scale
        mask = x > 0
        ctx.mark_non_differentiable(mask)
        ctx.save_for_backward(mask)
        return x * scale, mask, -x

    @staticmethod
    def backward(ctx, grad, _, negative):
        assert ctx.needs_input_grad == (True, False)
        (mask,) = ctx.saved_tensors
        assert mask.dtype is torch.bool
        return grad * ctx.scale - negative, None


@pytest.fixture
def x():
    return torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)


def test_both_orders(x):
    assert gradcheck(Cube.apply, x)
    assert gradgradcheck(Cube.apply, x)
    assert repr(Cube.apply(x).grad_fn).startswith("<CubeBackward object at 0x")


def test_several_outputs_and_arguments_that_are_no_tensors(x):
    a, mask, b = SplitAtZero.apply(x, 3.0)
    assert a.requires_grad and b.requires_grad and not mask.requires_grad
    (a.sum() + b.sum()).backward()
    assert x.grad.tolist() == [2.0, 2.0]
    x.grad = None
    a, _, _ = SplitAtZero.apply(x, 3.0)
    a.sum().backward()  # the unused output arrives as zeros
    assert x.grad.tolist() == [3.0, 3.0]


def test_gradients_may_be_left_undefined(x):
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, first, second):
            assert second is None
            return first

    Two.apply(x)[0].sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_setup_context(x):
    class Square(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs, output)

        @staticmethod
        def backward(ctx, grad):
            x, output = ctx.saved_tensors
            assert output.requires_grad
            return 2 * output / x * grad

    assert gradgradcheck(Square.apply, x)


def test_mark_dirty(x):
    class AddOne(Function):
        @staticmethod
        def forward(ctx, x):
            x.add_(1)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 10

    h = x * 2
    y = AddOne.apply(h)
    assert y is h and h.grad_fn.name() == "AddOneBackward"
    h.sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        AddOne.apply(x)


def test_an_input_returned_as_it_is_becomes_a_new_tensor(x):
    class Identity(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    y = Identity.apply(x)
    assert y is not x and x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_once_differentiable(x):
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            return 2 * ctx.saved_tensors[0] * grad

    Once.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0, -4.0]
    (g,) = torch.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
    assert not g.requires_grad or pytest.raises(RuntimeError, torch.autograd.grad, g.sum(), x)


def test_wrong_counts_are_named(x):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad

    with pytest.raises(
        RuntimeError, match=r"function WrongBackward returned an incorrect number of gradients \(expected 2, got 1\)"
    ):
        Wrong.apply(x, 3).sum().backward()


def test_kept_tensors_are_guarded_and_freed(x):
    h = x * 1
    y = Cube.apply(h)
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    z = Cube.apply(x).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        z.backward()


def test_a_kept_output_makes_no_cycle(x):
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[0]

    assert gradgradcheck(Exp.apply, x)
    gc.disable()
    try:
        y = Exp.apply(x)
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


class Triple(torch.autograd.Function):
    """Writes into its input."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(3)

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_a_written_input_that_is_a_view_rewrites_its_base():
    w = torch.ones(3, requires_grad=True)
    x = w * 2
    Triple.apply(x[:2])
    x.sum().backward()
    assert w.grad.tolist() == [6.0, 6.0, 2.0]


def test_a_written_input_must_be_returned():
    class Forgetful(Triple):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 1

    with pytest.raises(RuntimeError, match="Some elements marked as dirty during the forward method were not returned"):
        Forgetful.apply(torch.ones(3, requires_grad=True) * 1)


@pytest.mark.parametrize("forward", [lambda ctx, x: x, lambda ctx, x: x[:2]])
def test_an_output_that_shares_an_inputs_memory_cannot_be_written_to(forward):
    function = type("Share", (torch.autograd.Function,), {"forward": staticmethod(forward)})
    output = function.apply(torch.ones(3, requires_grad=True) * 1)
    with pytest.raises(RuntimeError, match="Output 0 of Share is a view and is being modified inplace. This view was"):
        output.mul_(2)


def test_arguments_by_keyword_and_defaults():
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, n=2):
            return x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.n = inputs[1]

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return ctx.n * x ** (ctx.n - 1) * g, None

    x = torch.tensor([2.0, 3.0], requires_grad=True)
    (Power.apply(x) + Power.apply(x, n=3)).sum().backward()
    assert x.grad.tolist() == [4.0 + 12.0, 6.0 + 27.0]
