"""Products: NumPy's values in PyTorch's shapes, names and errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.autograd import gradcheck

BATCHES = st.lists(st.integers(0, 3), max_size=2).map(tuple)


def normal(*shape):
    return torch.tensor(np.random.default_rng(len(shape)).normal(size=shape), dtype=torch.float64)


def name(tensor):
    return tensor.grad_fn.name()


@given(BATCHES, st.integers(1, 3), st.integers(0, 3), st.integers(0, 3), st.data())
def test_matmul_broadcasts_as_numpy(batch, n, k, m, data):
    narrow = tuple(1 if data.draw(st.booleans()) else size for size in batch)[data.draw(st.integers(0, 2)) :]
    a, b = normal(*batch, n, k).requires_grad_(), normal(*narrow, k, m).requires_grad_()
    if data.draw(st.booleans()):
        a, b = b.mT, a.mT
    product = a @ b
    np.testing.assert_allclose(product.detach().numpy(), a.detach().numpy() @ b.detach().numpy())
    product.backward(torch.ones_like(product))


@pytest.mark.parametrize(
    ("first", "second"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 2, 3), (3, 2))],
)
def test_vectors_and_folded_batches(first, second):
    a, b = normal(*first).requires_grad_(), normal(*second).requires_grad_()
    np.testing.assert_allclose(torch.matmul(a, b).detach().numpy(), np.matmul(a.detach().numpy(), b.detach().numpy()))
    assert gradcheck(torch.matmul, (a, b))


@pytest.mark.parametrize(
    ("first", "second", "node"),
    [
        ((3,), (3,), "DotBackward0"),
        ((2, 3), (3,), "MvBackward0"),
        ((3,), (3, 2), "SqueezeBackward4"),
        ((2, 3), (3, 2), "MmBackward0"),
        ((5, 2, 3), (3, 2), "UnsafeViewBackward0"),
        ((5, 2, 3), (5, 3, 2), "UnsafeViewBackward0"),
        ((2, 3), (5, 3, 2), "CloneBackward0"),
    ],
)
def test_nodes_have_pytorchs_names(first, second, node):
    product = normal(*first).requires_grad_() @ normal(*second)
    assert name(product) == node


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ((2, 3), (2, 3), r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)"),
        ((5, 2, 3), (2, 3), r"mat1 and mat2 shapes cannot be multiplied \(10x3 and 2x3\)"),
        ((3,), (2, 3), r"mat1 and mat2 shapes cannot be multiplied \(1x3 and 2x3\)"),
        ((2, 3), (2,), r"size mismatch, got input \(2\), mat \(2x3\), vec \(2\)"),
        ((3,), (4,), r"inconsistent tensor size, expected tensor \[3\] and src \[4\]"),
        ((5, 2, 3), (4, 3, 2), r"The size of tensor a \(5\) must match the size of tensor b \(4\) at non-singleton"),
        (
            (5, 2, 3),
            (5, 2, 3),
            r"Expected size for first two dimensions of batch2 tensor to be: \[5, 3\] but got: \[5, 2\]\.",
        ),
        ((), (3,), "both arguments to matmul need to be at least 1D, but they are 0D and 1D"),
    ],
)
def test_sizes_that_do_not_agree(first, second, message):
    with pytest.raises(RuntimeError, match=message):
        torch.matmul(torch.zeros(first), torch.zeros(second))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda a, b: a @ b, "expected m1 and m2 to have the same dtype, but got: float != double"),
        (lambda a, b: a.to(torch.uint16) @ b, "but got: short unsigned int != double"),
        (lambda a, b: a[0] @ b[:, 0], "dot : expected both vectors to have same dtype, but found Float and Double"),
        (lambda a, b: torch.nn.functional.linear(a, b.t()), "expected m1 and m2 to have the same dtype"),
        (
            lambda a, b: torch.nn.functional.linear(a, b.t(), torch.zeros(2).double()),
            "mat1 and mat2 must have the same dtype, but got Float and Double",
        ),
        (lambda a, b: a.bool() @ b.bool(), "\"addmm_impl_cpu_\" not implemented for 'Bool'"),
    ],
)
def test_types_that_do_not_agree(function, message):
    with pytest.raises((RuntimeError, NotImplementedError), match=message):
        function(torch.zeros(2, 3), torch.zeros(3, 2, dtype=torch.float64))


def test_a_number_is_no_factor():
    with pytest.raises(TypeError, match="unsupported operand type"):
        torch.zeros(2) @ 2
    with pytest.raises(TypeError, match=r"matmul\(\): argument 'other' \(position 2\) must be Tensor, not int"):
        torch.matmul(torch.zeros(2), 2)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3), (0, 3)])
@pytest.mark.parametrize("out", [1, 4])
@pytest.mark.parametrize("bias", [None, "each", "one"])
def test_linear(shape, out, bias):
    x, w = normal(*shape).requires_grad_(), normal(out, 3).requires_grad_()
    b = None if bias is None else normal(out).requires_grad_() if bias == "each" else normal().requires_grad_()
    y = torch.nn.functional.linear(x, w, b)
    expected = x.detach().numpy() @ w.detach().numpy().T + (0 if b is None else b.detach().numpy())
    np.testing.assert_allclose(y.detach().numpy(), expected)
    assert y.is_contiguous()
    assert gradcheck(torch.nn.functional.linear, (x, w) if b is None else (x, w, b))


@pytest.mark.parametrize(
    ("shape", "with_bias", "node"),
    [
        ((2, 3), True, "AddmmBackward0"),
        ((2, 3), False, "MmBackward0"),
        ((2, 2, 3), True, "ViewBackward0"),
        ((2, 2, 3), False, "UnsafeViewBackward0"),
        ((3,), True, "ViewBackward0"),
        ((3,), False, "SqueezeBackward4"),
    ],
)
def test_the_node_of_linear(shape, with_bias, node):
    w, b = torch.zeros(4, 3, requires_grad=True), torch.zeros(4, requires_grad=True)
    assert name(torch.nn.functional.linear(torch.zeros(shape), w, b if with_bias else None)) == node


def test_linear_says_which_shapes_do_not_fit():
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x4\)"):
        torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 2))
    with pytest.raises(RuntimeError, match=r"The expanded size of the tensor \(4\) must match the existing size \(2\)"):
        torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 3), torch.zeros(2))


def test_addmm_looks_at_no_input_that_counts_nothing():
    full = torch.full((2, 2), float("nan"))
    assert torch.addmm(full, torch.ones(2, 3), torch.ones(3, 2), beta=0).tolist() == [[3, 3], [3, 3]]


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk->ki", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("bhid,bhjd->bhij", (2, 2, 3, 2), (2, 2, 3, 2)),
    ("i,i->", (3,), (3,)),
    ("i,j->ij", (2,), (3,)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,kj->ik", (2, 3), (1, 3)),
    ("ij,k->i", (2, 3), (4,)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
    ("i...->...", (2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    ("bn,anm,bm->ba", (2, 3), (2, 3, 2), (2, 2)),
    ("i,i,i->", (3,), (3,), (3,)),
]


@pytest.mark.parametrize(("equation", "shapes"), [(each[0], each[1:]) for each in EQUATIONS])
def test_einsum(equation, shapes):
    operands = [normal(*shape).requires_grad_() for shape in shapes]
    result = torch.einsum(equation, *operands)
    np.testing.assert_allclose(
        result.detach().numpy(), np.einsum(equation, *(each.detach().numpy() for each in operands))
    )
    assert gradcheck(lambda *each: torch.einsum(equation, *each), operands)


def test_einsum_of_sublists():
    a, b = normal(2, 3), normal(3, 4)
    assert torch.einsum(a, [0, 1], b, [1, 2], [0, 2]).equal(torch.einsum("ij,jk->ik", a, b))
    assert torch.einsum(a, [..., 5], [5, ...]).equal(a.t())


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "fewer operands were provided than specified in the equation"),
        (
            "ij,jk->ik",
            [(2, 3), (2, 3)],
            "subscript j has size 2 for operand 1 which does not broadcast with previously",
        ),
        ("ij->ik", [(2, 3)], "output subscript k does not appear in the equation for any input operand"),
        ("ij->ii", [(2, 3)], "output subscript i appears more than once in the output"),
        ("ii->i", [(2, 3)], "subscript i is repeated for operand 0 but the sizes don't match, 3 != 2"),
        ("ijk->i", [(2, 3)], r"the number of subscripts in the equation \(3\) does not match the number of dimensions"),
        ("i1->i", [(2, 3)], "invalid subscript given at index 1 in the equation string"),
        ("i.j->", [(2, 3)], "found '.' for operand 0 that is not part of any ellipsis"),
    ],
)
def test_equations_that_do_not_fit(equation, shapes, message):
    with pytest.raises(RuntimeError, match=rf"einsum\(\): .*{message}"):
        torch.einsum(equation, *(torch.zeros(shape) for shape in shapes))


def test_tensordot():
    a, b = normal(2, 3, 4).requires_grad_(), normal(4, 3, 2).requires_grad_()
    for dims in (0, 1, ([1, 2], [1, 0])):
        ours = torch.tensordot(a, b, dims)
        np.testing.assert_allclose(ours.detach().numpy(), np.tensordot(a.detach().numpy(), b.detach().numpy(), dims))
    assert gradcheck(lambda x, y: torch.tensordot(x, y, ([1, 2], [1, 0])), (a, b))
    with pytest.raises(RuntimeError, match="contracted dimensions need to match, but first has size 4 in dim -1"):
        torch.tensordot(a, normal(3, 2), 1)


def test_the_node_of_linear_leads_to_bias_input_and_weight_in_pytorchs_order():
    x, weight, bias = (torch.ones(*shape, requires_grad=True) for shape in [(2, 3), (4, 3), (4,)])
    node = torch.nn.functional.linear(x, weight, bias).grad_fn
    assert all(a.variable is b for (a, _), b in zip(node.next_functions, (bias, x, weight), strict=True))
