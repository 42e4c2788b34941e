"""Writes into tensors: the history they rewrite, through views too, and what is refused."""

import gc
import weakref

import pytest

import framework as torch


@pytest.fixture
def w():
    return torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)


def test_an_inplace_operation_takes_the_tensors_place(w):
    x = w * 2
    x.mul_(w)
    assert x.grad_fn.name() == "MulBackward0"
    x.sum().backward()
    assert w.grad.tolist() == [4.0, 8.0, 12.0]


def test_a_write_through_a_view_reaches_the_base(w):
    x = w * 2
    x[0].mul_(5)
    assert x.tolist() == [10.0, 4.0, 6.0]
    assert type(x.grad_fn).__name__ == "CopySlices"
    (x * x).sum().backward()
    assert w.grad.tolist() == [2 * 10.0 * 10, 2 * 4.0 * 2, 2 * 6.0 * 2]


def test_a_write_to_the_base_reaches_the_view(w):
    x = w * 2
    view = x[1:]
    x.mul_(3)
    assert view.tolist() == [12.0, 18.0]
    view.sum().backward()
    assert w.grad.tolist() == [0.0, 6.0, 6.0]


def test_views_of_views_and_siblings_follow(w):
    x = (w * 1).reshape(1, 3)
    inner = x[0][1:]
    sibling = x[:, 0]
    inner.mul_(7)
    sibling.add_(w.sum())
    assert x.tolist() == [[7.0, 14.0, 21.0]]
    x.sum().backward()
    assert w.grad.tolist() == [2.0, 8.0, 8.0]


def test_a_buffer_becomes_part_of_the_graph(w):
    buffer = torch.zeros(2, 3, dtype=torch.float64)
    row = buffer[1]
    buffer[0] = w * 2
    assert buffer.requires_grad and row.requires_grad
    row.add_(w)
    buffer.sum().backward()
    assert w.grad.tolist() == [3.0, 3.0, 3.0]


def test_second_derivatives_through_a_write(w):
    x = w * w
    x[1:].mul_(w[1:])
    (g,) = torch.autograd.grad(x.sum(), w, create_graph=True)
    assert g.tolist() == [2.0, 12.0, 27.0]
    (h,) = torch.autograd.grad(g.sum(), w)
    assert h.tolist() == [2.0, 12.0, 18.0]


def test_leaves_are_protected(w):
    with pytest.raises(
        RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation."
    ):
        w.add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        w[0].add_(1)
    with torch.no_grad():
        w.add_(1)
    assert w.tolist() == [2.0, 3.0, 4.0] and w._version == 1


def test_outputs_of_a_multi_output_view_are_protected(w):
    first, *_ = (w * 1).unbind()
    with pytest.raises(RuntimeError, match="This view is the output of a function that returns multiple views"):
        first.add_(1)


def test_a_view_made_without_recording_is_protected(w):
    x = w * 1
    with torch.no_grad():
        view = x[0:2]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being modified inplace"):
        view.add_(1)


def test_shape_and_type_of_the_result_must_fit():
    x = torch.ones(3)
    with pytest.raises(RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"):
        x.add_(torch.ones(2, 3))
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        torch.ones(3, dtype=torch.int64).add_(1.5)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory"):
        torch.ones(3).expand(2, 3).add_(1)


def test_a_kept_output_is_guarded_after_an_inplace_operation(w):
    x = w * 1
    x.exp_()
    x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x.sum().backward()


def test_versions_are_shared_by_views_and_detach():
    x = torch.zeros(4)
    view, detached = x[1:], x.detach()
    view.add_(1)
    assert (x._version, view._version, detached._version) == (1, 1, 1)
    x.data.add_(1)
    assert x._version == 1


def test_inference_tensors():
    with torch.inference_mode():
        x = torch.ones(3)
        y = x * 2
        y.add_(1)
    assert x.is_inference() and not y.requires_grad
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        torch.ones(3, requires_grad=True) * x
    with pytest.raises(RuntimeError, match="Inference tensors do not track version counter"):
        x._version


def test_an_operand_given_by_keyword_is_recorded(w):
    x = torch.ones(3, dtype=torch.float64)
    x.mul_(other=w)
    assert x.requires_grad


@pytest.mark.parametrize("view", [lambda x: x.t().view(6)[:2], lambda x: x.t().flatten()[:2]])
def test_a_write_through_a_view_of_a_base_that_lies_otherwise_in_memory(view):
    w = torch.arange(6.0).reshape(2, 3).clone().requires_grad_()
    x = w.t() * 2
    view(x).mul_(5)
    x.sum().backward()
    assert w.grad.tolist() == [[10.0, 10.0, 2.0], [2.0, 2.0, 2.0]]


def test_a_write_through_a_view_makes_no_reference_cycle(w):
    gc.disable()
    try:
        x = w * 2
        x[0].mul_(5)
        reference = weakref.ref(x.grad_fn)
        del x
        assert reference() is None
    finally:
        gc.enable()


def test_a_graph_with_a_write_through_a_view_is_walked_once(w):
    x = w * 2
    x[0].mul_(5)
    x.sum().backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        x.sum().backward()


def test_a_kept_number_is_freed_too(w):
    y = (w * 2).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_retain_grad_goes_with_the_tensor(w):
    x = w * 2
    view = x[:2]
    x.retain_grad()
    view.retain_grad()
    x.mul_(3)
    assert x.retains_grad and view.retains_grad
    (x.sum() + view.sum() * 2).backward()
    assert x.grad.tolist() == [3.0, 3.0, 1.0] and view.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (
            torch.no_grad,
            "A view was created in no_grad mode and its base or another view of its base has been modified",
        ),
        (
            torch.inference_mode,
            "A view was created in inference mode and its base or another view of its base has been",
        ),
    ],
)
def test_a_view_made_without_recording_is_undefined_after_a_write(w, mode, words):
    x = w * 1
    with mode():
        view = x[:2]
    x.mul_(w)
    with pytest.raises(RuntimeError, match=words):
        view * 2
    assert "grad_fn=<Invalid>" in repr(view) or not view.requires_grad


def test_several_views_are_undefined_after_a_write_to_their_base(w):
    x = w * 1
    first, *_ = x.unbind()
    x.mul_(2)
    with pytest.raises(RuntimeError, match="Output 0 of Unbind is a view and its base or another view of its base has"):
        first * 2


def test_a_view_that_became_a_leaf_is_protected(w):
    view = torch.zeros(3)[:2].requires_grad_()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used"):
        view.mul_(2)


def test_long_chains_of_views_follow_a_write(w):
    base = w * 1
    view = base
    for _ in range(5000):
        view = view.view(3)
    base.mul_(2)
    view.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0, 2.0]


def test_views_of_views_without_recording_keep_only_their_base():
    x = torch.zeros(4)
    with torch.no_grad():
        view = x
        for _ in range(1000):
            view = view.view(2, 2).view(4)
    assert view._base is x and view._view.parent is x
    view.add_(1)
    assert x.tolist() == [1.0] * 4


def test_a_view_whose_base_was_transposed_in_place_keeps_its_place():
    w = torch.ones(3, 3, dtype=torch.float64, requires_grad=True)
    x = w * 1
    view = x[0]
    x.t_()
    x.mul_(2)
    view.sum().backward(retain_graph=True)
    assert w.grad.tolist() == [[2.0] * 3, [0.0] * 3, [0.0] * 3]
    view.mul_(2)
    assert x.tolist() == [[4.0, 2.0, 2.0]] * 3
    w.grad = None
    x[0].sum().backward()
    assert w.grad.tolist() == [[4.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
    view.data = torch.ones(3, dtype=torch.float64)
    x.mul_(2)
    with pytest.raises(RuntimeError, match="Make the view again from the changed tensor"):
        view.sum()
