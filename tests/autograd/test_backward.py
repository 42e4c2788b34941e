"""The walk: what reaches the leaves, in which order, and what is kept or freed."""

import gc
import threading
import weakref

import numpy as np
import pytest

import framework as torch
from framework.extend import operation


def leaf(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def test_a_tensor_used_twice_gets_both_gradients():
    x = leaf(1.0, 2.0)
    y = x * x + x
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_gradients_accumulate_into_the_same_tensor():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [5.0, 5.0]


def test_a_gradient_that_nobody_else_holds_is_not_copied():
    made, kept = [], []

    def fresh(g):
        found = g * 2.0
        made.append(found.__array_interface__["data"])
        return found

    def held(g):
        kept.append(g * 2.0)
        return kept[0]

    for formula, copied in ((fresh, False), (held, True)):
        x = leaf(1.0, 2.0)
        operation(lambda input: input * 2.0, name="twice", input=formula)(x).backward(torch.ones(2, dtype=x.dtype))
        there = made[0] if formula is fresh else kept[0].__array_interface__["data"]
        assert (x.grad.numpy().__array_interface__["data"] != there) is copied


def test_a_chain_of_a_hundred_thousand_nodes_runs_and_is_freed():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward(torch.ones(1, dtype=torch.float64))
    assert x.grad.tolist() == [1.0]
    del y


def test_shared_nodes_are_visited_once():
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y  # 2**60 paths
    y.backward(torch.ones(1, dtype=torch.float64))
    assert x.grad.item() == 2.0**60


def test_a_second_backward_raises_as_pytorch_does():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_a_graph_that_kept_nothing_can_be_walked_again():
    x = leaf(1.0, 2.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_retain_graph_keeps_it():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_create_graph_gives_second_and_third_derivatives():
    x = leaf(2.0)
    y = x * x * x * x
    (first,) = torch.autograd.grad(y, x, torch.ones(1, dtype=torch.float64), create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    assert (first.item(), second.item(), third.item()) == (32.0, 48.0, 48.0)


def test_a_leaf_owns_its_gradient():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    start = torch.ones(2, dtype=torch.float64)
    (a + b).backward(start)  # add hands the same array to both
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 1.0]
    assert start.tolist() == [1.0, 1.0]


def test_broadcast_gradients_come_back_to_their_shape():
    a = torch.ones(3, 1, dtype=torch.float64, requires_grad=True)
    b = torch.ones(4, dtype=torch.float64, requires_grad=True)
    (a * b).sum().backward()
    assert a.grad.tolist() == [[4.0]] * 3
    assert b.grad.tolist() == [3.0] * 4


def test_gradients_have_the_dtype_of_their_input():
    a = torch.ones(3, dtype=torch.float32, requires_grad=True)
    b = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (torch.float32, torch.float64)


def test_what_a_formula_does_not_ask_for_may_be_edited():
    x = torch.ones(3, dtype=torch.float64)
    w = leaf(1.0, 2.0, 3.0)
    y = (w * x).sum()  # only x is kept
    with torch.no_grad():
        w.add_(1.0)
    y.backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_editing_what_was_kept_raises_and_names_it():
    x = leaf(1.0, 2.0)
    y = x.exp()
    z = y * 2
    y.add_(1)
    with pytest.raises(
        RuntimeError,
        match=r"modified by an inplace operation: \[torch.DoubleTensor \[2\]\], which is output 0 of Exp, "
        "is at version 1; expected version 0 instead",
    ):
        (z.sum() + x.sum()).backward()


def test_errors_at_the_root():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        torch.ones(()).backward()
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\)"):
        (x * 2).backward(torch.ones(3, dtype=torch.float64))


def test_grad_of_chosen_inputs_touches_no_leaf_and_runs_only_what_is_needed():
    ran = []
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = x * 2
    h.register_hook(lambda g: ran.append("h"))
    y = (h + w * w).sum()
    (g,) = torch.autograd.grad(y, w, retain_graph=True)
    assert g.tolist() == [6.0, 8.0]
    assert ran == [] and x.grad is None and w.grad is None
    (g,) = torch.autograd.grad(y, h, retain_graph=True)
    assert g.tolist() == [1.0, 1.0] and ran == ["h"]


def test_grad_of_an_unused_input():
    x, unused = leaf(1.0), leaf(1.0)
    y = (x * x).sum()
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        torch.autograd.grad(y, [x, unused], retain_graph=True)
    assert torch.autograd.grad(y, [x, unused], retain_graph=True, allow_unused=True)[1] is None
    assert torch.autograd.grad(y, [x, unused], materialize_grads=True)[1].tolist() == [0.0]


def test_backward_into_chosen_inputs_only():
    x, w = leaf(1.0), leaf(2.0)
    (x * w).sum().backward(inputs=[w])
    assert x.grad is None and w.grad.tolist() == [1.0]


def test_retain_grad_and_hooks_in_order():
    seen = []
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: seen.append(("first", g.item())) or g * 10)
    y.register_hook(lambda g: seen.append(("second", g.item())))
    x.register_hook(lambda g: seen.append(("leaf", g.item())))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(("after", t.grad.item())))
    (y * 3).sum().backward()
    assert seen == [("first", 3.0), ("second", 30.0), ("leaf", 60.0), ("after", 60.0)]
    assert y.grad.item() == 30.0 and x.grad.item() == 60.0


def test_a_removed_hook_is_not_called():
    x = leaf(1.0)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.item() == 2.0


def test_node_hooks_see_and_replace_gradients():
    x = leaf(1.0)
    y = x * 2
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 5,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + outputs[0], None))
    y.sum().backward()
    assert x.grad.item() == 15.0


def test_next_functions_lead_to_the_leaves():
    x = leaf(1.0)
    y = x * 2 + 1
    add = y.grad_fn
    assert add.name() == "AddBackward0"
    mul, number = add.next_functions[0]
    assert (mul.name(), number) == ("MulBackward0", 0)
    accumulate, _ = mul.next_functions[0]
    assert accumulate.variable is x and accumulate.name() == "torch::autograd::AccumulateGrad"
    assert mul.next_functions[0][0] is accumulate
    assert add.next_functions[1] == (None, 0)


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = (x.exp() * x).reshape(1, 2).sum()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
        y = (x.exp() * x).sum()
        y.backward()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_results_without_dimensions_are_arrays():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    y = x * x + x.exp() - x.sum()
    assert type(y.detach().numpy()) is np.ndarray and y.shape == ()
    y.backward()
    assert type(x.grad.numpy()) is np.ndarray


def test_threads_add_to_one_leaf():
    x = torch.ones(100_000, requires_grad=True)

    def work():
        for _ in range(20):
            (x * 1.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert float(x.grad.min()) == float(x.grad.max()) == 80.0


@pytest.mark.filterwarnings("ignore:Using backward")
def test_recorded_gradients_share_no_memory():
    x, y, start = leaf(1.0, 2.0), leaf(3.0, 4.0), torch.ones(2, dtype=torch.float64)
    (x + y).backward(start, create_graph=True)
    x.grad.mul_(10)
    assert (y.grad.tolist(), start.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_gradients_may_be_written_to():
    x = torch.ones(1, requires_grad=True)
    x.sum().backward()
    x.grad.mul_(2)
    for each in torch.autograd.grad(x.sum(), x) + torch.autograd.grad(x[0], x) + torch.autograd.grad(x.mean(), x):
        each.add_(1)


def test_a_leaf_frozen_after_recording_gets_nothing():
    x = leaf(1.0, 2.0)
    y = (x * 2).sum()
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_hooks_of_nodes_do_not_touch_what_grad_returns():
    x = leaf(1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: g * 3)
    y.grad_fn.register_prehook(lambda g: (g[0] * 100,))
    y.grad_fn.next_functions[0][0].register_prehook(lambda g: seen.append(g) or (g[0] * 7,))
    (z,) = torch.autograd.grad(y, y, torch.ones(1, dtype=torch.float64), retain_graph=True)
    assert z.tolist() == [3.0]
    (z,) = torch.autograd.grad(y, x, torch.ones(1, dtype=torch.float64), retain_graph=True)
    assert z.tolist() == [600.0] and not seen
    y.backward(torch.ones(1, dtype=torch.float64))
    assert x.grad.tolist() == [4200.0] and isinstance(seen[0], tuple)


def test_what_a_node_hook_returns_must_fit():
    y = leaf(1.0) * 2
    handle = y.grad_fn.register_prehook(lambda g: (g[0], g[0]))
    with pytest.raises(RuntimeError, match=r"has returned an incorrect number of values \(got 2, but expected 1\)"):
        y.sum().backward(retain_graph=True)
    handle.remove()
    y.grad_fn.register_hook(lambda inputs, outputs: 5)
    with pytest.raises(TypeError, match="expected tuple, but hook returned 'int'"):
        y.sum().backward()


def test_a_multi_gradient_hook_counts_what_each_walk_reaches():
    x, y = leaf(1.0), leaf(1.0)
    seen = []
    torch.autograd.graph.register_multi_grad_hook(
        (x, y), lambda found: seen.append([each and each.item() for each in found])
    )
    (x * 2 + y * 3).sum().backward()
    (x * 4).sum().backward()
    (y * 5).sum().backward()
    assert seen == [[2.0, 3.0], [4.0, None], [None, 5.0]]


def test_a_node_of_which_some_inputs_are_asked_for_computes_those_alone():
    asked = []

    def formulas(g, input, other, needs):
        asked.append(needs)
        return g * other if needs[0] else None, g * input if needs[1] else None

    product = operation(lambda input, other: input * other, name="test_needed")
    product.add_derivative(formulas, "input", "other")
    x, y = torch.tensor(3.0, requires_grad=True), torch.tensor(5.0, requires_grad=True)
    inner = x * 1.0
    assert torch.autograd.grad(product(inner, y), [x], retain_graph=True)[0].item() == 5.0
    assert [each.item() for each in torch.autograd.grad(product(inner * 1.0, y), [inner, y])] == [5.0, 3.0]
    assert torch.autograd.grad(product(inner, y), [inner])[0].item() == 5.0
    assert asked == [(True, False), (True, True), (True, False)]
    # A tensor that is asked for and led through to others at once.
    total = product(inner, y)
    assert [each.item() for each in torch.autograd.grad(total, [inner, x, total])] == [5.0, 5.0, 1.0]
