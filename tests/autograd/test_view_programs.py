"""Random chains of views and writes through them: gradients of both orders against finite differences."""

import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch

VIEWS = [
    lambda t: t[0],
    lambda t: t[-1:],
    lambda t: t[..., ::2],
    lambda t: t[None],
    lambda t: t.transpose(0, -1),
    lambda t: t.unsqueeze(-1),
    lambda t: t.squeeze(),
    lambda t: t.narrow(0, 0, 1),
    lambda t: t.diagonal() if t.ndim > 1 else t,
    lambda t: t.reshape(-1),
    lambda t: t.as_strided(t.shape, t.stride()),
    lambda t: t.view_as(t),
]
WRITES = [
    lambda t, w: t.mul_(w),
    lambda t, w: t.sin_(),
    lambda t, w: t.add_(w, alpha=2),
    lambda t, w: t.copy_(w * 3),
    lambda t, w: t.fill_(0.5),
    lambda t, w: t.mul_(t),
    lambda t, w: t.zero_(),
    lambda t, w: t.t_() if t.ndim == 2 else t.unsqueeze_(0),
    lambda t, w: t.tanh_(),
]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.lists(st.integers(0, len(VIEWS) - 1), max_size=3),
        st.integers(0, len(WRITES) - 1),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def slope(steps, x, w, direction):
    """How the value of `run` changes along a direction: by its gradients, and by finite differences."""
    inputs = [torch.tensor(each, requires_grad=True) for each in (x, w)]
    gradients = torch.autograd.grad(run(steps, *inputs), inputs, allow_unused=True, materialize_grads=True)
    forward = sum((g * torch.tensor(d)).sum() for g, d in zip(gradients, direction, strict=True))
    ends = [
        run(steps, *[torch.tensor(each + sign * 1e-6 * d) for each, d in zip((x, w), direction, strict=True)])
        for sign in (1, -1)
    ]
    return forward.item(), (ends[0] - ends[1]).item() / 2e-6


def run(steps, x, w):
    """A function of two tensors that goes through views and writes, and looks at all that it made."""
    seen = [x * 1]
    for start, views, write, keep in steps:
        tensor = seen[start % len(seen)]
        for number in views:
            if tensor.ndim and tensor.shape[0]:
                tensor = VIEWS[number](tensor)
        WRITES[write](tensor, w)
        if keep:
            seen.append(tensor)
    return sum(((number + 1) * each * each).sum() for number, each in enumerate(seen))


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_gradients_through_views_and_writes(steps):
    random = np.random.default_rng(0)
    x, w = random.uniform(-1, 1, (3, 3)), random.uniform(0.5, 1.5, ())
    direction = random.normal(size=(3, 3)), random.normal(size=())
    try:
        found, expected = slope(steps, x, w, direction)
    except RuntimeError as error:
        # A later write reached what an earlier one kept: refused, never wrong.
        assert "modified by an inplace operation" in str(error)
        return
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_graph_goes_at_once_with_its_last_tensor():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * 2

    def made():
        x = torch.ones(3, requires_grad=True)
        y = x * 1
        v = y[1:]
        v.mul_(2)
        z = Twice.apply(y).exp()
        y.register_hook(lambda g: g)
        z.retain_grad()
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            w = z.exp() * x
        torch.autograd.grad(w.sum(), x, create_graph=True)[0].sum().backward(retain_graph=True)
        loss = w.sum()
        loss.backward()
        return [weakref.ref(each) for each in (x, y, v, z, w, loss, loss.grad_fn, v.grad_fn, z.grad_fn)]

    gc.collect()
    gc.disable()
    try:
        assert [each() for each in made()] == [None] * 9
    finally:
        gc.enable()


def test_backward_frees_what_was_kept():
    x = torch.ones(1000, requires_grad=True)
    y = x.exp()
    kept = weakref.ref(y._array)
    loss = (y * y).sum()
    del y
    assert kept() is not None
    loss.backward()
    assert kept() is None


def test_an_inplace_operation_keeps_no_copy_of_its_output():
    x = torch.ones(3, requires_grad=True) * 1
    x.exp_()
    assert x.grad_fn._saved_result.data_ptr() == x.data_ptr()


def test_threads_walk_to_shared_leaves():
    x = torch.ones(50, dtype=torch.float64, requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append(threading.get_ident()))

    def work():
        for _ in range(50):
            (x * x).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert x.grad.tolist() == [400.0] * 50
    assert len(seen) == 200


def test_threads_share_one_graph():
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    shared = x * 2
    loss = (shared * shared).sum()
    threads = [threading.Thread(target=lambda: loss.backward(retain_graph=True)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert x.grad.tolist() == [64.0] * 3


def test_a_walk_within_a_walk():
    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                leaf = x.detach().requires_grad_()
                (leaf * leaf).sum().backward()
            return g * leaf.grad

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y.register_hook(torch.enable_grad()(lambda g: (x * 5).sum().backward()))
    Inner.apply(y).sum().backward()
    assert x.grad.tolist() == [5 + 18.0, 5 + 36.0]


def test_the_warning_of_a_cycle_comes_once(monkeypatch):
    monkeypatch.setattr("framework.autograd.differentiate._warned_of_cycle", False)
    x = torch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="reference cycle between the parameter and its gradient"):
        (x * x).sum().backward(create_graph=True)
    (x * x).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    x.grad = None
