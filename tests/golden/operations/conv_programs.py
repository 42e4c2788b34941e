"""Programs of convolutions and their kin; what each prints is in conv_transcripts.json."""

_TENSORS = """
def numbers(*shape):
    count = 1
    for size in shape:
        count *= size
    return ((torch.arange(count) * 7 + 3) % 11 - 5).to(torch.float64).reshape(shape) / 4
"""

_GRADIENTS = """
def learned(function, *tensors):
    leaves = [each.clone().requires_grad_() for each in tensors]
    result = function(*leaves)
    print(result.grad_fn.name(), tuple(result.shape))
    gradients = torch.autograd.grad((result * result).sum(), leaves, create_graph=True)
    for each in gradients:
        values(each.detach())
    for each in torch.autograd.grad(sum((each * each).sum() for each in gradients), leaves):
        values(each)
"""

PROGRAMS = {
    "convolutions of all dimensions": _TENSORS
    + """
for dims in (1, 2, 3):
    function = getattr(torch.nn.functional, f"conv{dims}d")
    x, w, b = numbers(2, 4, *[5] * dims), numbers(4, 4, *[2] * dims), numbers(4)
    attempt(function, x, w)
    attempt(function, x, w, b, stride=2, padding=1)
    attempt(function, x, w, b, 1, 1, 2)
    attempt(function, x, w[:, :2], b, groups=2)
    attempt(function, x, w[:, :1], None, 1, "valid", 1, 4)
    attempt(function, x, numbers(2, 4, *[3] * dims), padding="same")
    attempt(function, x[0], w, b)
    attempt(function, x.float(), w.float())
    attempt(function, (x * 4).long(), (w * 4).long())
""",
    "transposed convolutions": _TENSORS
    + """
for dims in (1, 2, 3):
    function = getattr(torch.nn.functional, f"conv_transpose{dims}d")
    x, w, b = numbers(2, 2, *[3] * dims), numbers(2, 2, *[2] * dims), numbers(2)
    attempt(function, x, w)
    attempt(function, x, w, b, stride=2, padding=1, output_padding=1)
    attempt(function, x, w, b, 1, 0, 1, 1, 2)
    attempt(function, x, w[:, :1], b, groups=2)
    attempt(function, x[0], w, b)
attempt(torch.convolution, numbers(1, 2, 4), numbers(3, 2, 2), None, [1], [0], [1], False, [0], 1)
attempt(torch.convolution, numbers(1, 2, 4), numbers(2, 3, 2), None, [2], [0], [1], True, [1], 1)
""",
    "derivatives of both orders": _TENSORS
    + _GRADIENTS
    + """
F = torch.nn.functional
learned(lambda x, w, b: F.conv2d(x, w, b, padding=1), numbers(1, 2, 3, 3), numbers(2, 2, 2, 2), numbers(2))
learned(lambda x, w: F.conv2d(x, w, None, 2, 1, 1, 2), numbers(1, 2, 4, 3), numbers(2, 1, 2, 2))
learned(lambda x, w, b: F.conv1d(x, w, b, 1, 0, 2), numbers(2, 1, 5), numbers(2, 1, 2), numbers(2))
learned(lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), numbers(1, 1, 2, 2), numbers(1, 2, 3, 3), numbers(2))
learned(lambda x: F.unfold(x, 2, padding=1, stride=2), numbers(1, 2, 3, 3))
learned(lambda x: F.fold(x, (3, 3), 2), numbers(1, 8, 4))
learned(F.bilinear, numbers(2, 2), numbers(2, 3), numbers(2, 2, 3), numbers(2))
learned(lambda x, w, b: torch.conv_tbc(x, w, b, 1), numbers(3, 1, 2), numbers(2, 2, 2), numbers(2))
learned(F.conv2d, numbers(2, 3, 3), numbers(1, 2, 2, 2))
""",
    "what is refused": _TENSORS
    + """
F = torch.nn.functional
x, w = numbers(1, 3, 5, 5), numbers(2, 3, 3, 3)
attempt(F.conv2d, numbers(1, 4, 5, 5), w)
attempt(F.conv2d, numbers(1, 3, 2, 2), w)
attempt(F.conv2d, numbers(5, 5), w)
attempt(F.conv2d, x, w, numbers(3))
attempt(F.conv2d, x, w, None, 0)
attempt(F.conv2d, x, w, None, 1, -1)
attempt(F.conv2d, x, w, None, 1, 0, 0)
attempt(F.conv2d, x, w, None, 1, 0, 1, 0)
attempt(F.conv2d, x, w, None, 1, 0, 1, 2)
attempt(F.conv2d, x, w, None, (1, 2, 3))
attempt(F.conv2d, x, w, None, 1, "other")
attempt(F.conv2d, x, w, None, 2, "same")
attempt(F.conv2d, x, w.float())
attempt(F.conv2d, x, w, numbers(2).float())
attempt(F.conv2d, x > 0, w > 0)
attempt(F.conv1d, x, w)
attempt(F.conv_transpose2d, x, numbers(3, 2, 3, 3), None, 1, 0, 1)
attempt(F.conv_transpose2d, x, numbers(4, 2, 3, 3))
attempt(F.conv_transpose2d, numbers(1, 3, 1, 1), numbers(3, 2, 1, 1), None, 1, 1)
attempt(F.unfold, numbers(5, 5), 3)
attempt(F.unfold, numbers(1, 1, 2, 2), 3)
attempt(F.unfold, x, (3, 2, 1))
attempt(F.unfold, x.long(), 3)
attempt(F.fold, numbers(1, 13, 4), (3, 3), 2)
attempt(F.fold, numbers(1, 12, 5), (3, 3), 2)
attempt(F.bilinear, numbers(5, 3), numbers(4, 4), numbers(2, 3, 4))
attempt(F.bilinear, numbers(5, 3), numbers(5, 5), numbers(2, 3, 4))
attempt(torch.conv_tbc, numbers(5, 2), numbers(3, 3, 4), numbers(4))
""",
}
