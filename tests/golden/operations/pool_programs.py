"""Programs of pooling, padding, resampling and sampling of images; what each prints is in pool_transcripts.json."""

PROGRAMS = {
    "maxima": """
x = torch.tensor([[[3., 1., 3., -1.], [2., 3., 0., 5.], [float("nan"), 1., 2., 2.], [4., 4., -2., float("-inf")]]])
print(F.max_pool2d(x, 2, return_indices=True))
print(F.max_pool2d(x, 3, 1, 1, return_indices=True))
print(F.max_pool2d(x, 2, 3, 1, ceil_mode=True))
print(F.max_pool2d(x, 2, 1, 1, 2, return_indices=True))
print(F.max_pool1d(x[0], 2, stride=1, return_indices=True))
print(torch.max_pool1d(x[0], 3, 2, 1), torch.max_pool2d(x, (1, 2)))
print(F.max_pool3d(x[None], (1, 2, 2), return_indices=True))
print(F.max_pool2d(torch.arange(16).reshape(1, 4, 4), 2), F.max_pool2d(torch.ones(0, 1, 4, 4), 2).shape)
print(F.max_pool2d_with_indices(x, 4)[1], torch.max_pool1d_with_indices(x[0], 4)[1], F.max_pool3d_with_indices(x[None], (1, 4, 4))[1])
""",
    "gradients of maxima": """
x = torch.tensor([[[1., 1., 2., 0.], [1., 0., 2., 2.], [0., 0., 0., 0.], [3., 1., -1., 4.]]], requires_grad=True)
for arguments in ((2,), (3, 1, 1), (2, 1, 0, 2), (3, 2, 1, 1, True)):
    y = F.max_pool2d(x, *arguments)
    first, = torch.autograd.grad((y * torch.arange(1., 1 + y.numel()).view_as(y)).square().sum(), x, create_graph=True)
    print(y.grad_fn.name(), first.detach(), torch.autograd.grad(first.square().sum(), x))
print(F.max_pool1d(x[0], 2).grad_fn.name(), F.max_pool3d(x[None], (1, 2, 2)).grad_fn.name())
""",
    "averages": """
x = torch.arange(16.).reshape(1, 4, 4).requires_grad_()
print(F.avg_pool2d(x, 2), F.avg_pool2d(x, 3, 1, 1), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
print(F.avg_pool2d(x, 3, 2, 0, True), F.avg_pool2d(x, 3, 2, 1, True), F.avg_pool2d(x, (2, 1), divisor_override=3))
print(F.avg_pool1d(x[0], 3, 2, 1), torch.avg_pool1d(x[0], 3, 2, 1, True, False), F.avg_pool3d(x[None], (1, 2, 2)))
print(F.avg_pool1d(torch.tensor([[-3, 2, 8, 1]]), 2), F.avg_pool2d(torch.ones(0, 1, 2, 2), 2).shape)
F.avg_pool2d(x, 3, 2, 1, True, False).square().sum().backward()
print(x.grad)
""",
    "pools to a size": """
x = torch.arange(30.).reshape(1, 5, 6).requires_grad_()
for size in (1, 2, (2, 4), (None, 3), (7, 1), (5, 6)):
    print(F.adaptive_avg_pool2d(x, size), F.adaptive_max_pool2d(x, size, True))
print(F.adaptive_avg_pool1d(x[0], 4), F.adaptive_max_pool1d(x[0], 4, return_indices=True))
print(F.adaptive_avg_pool3d(x[None], (1, 2, 2)), F.adaptive_max_pool3d(x[None], (1, 2, 2)))
print(torch.adaptive_avg_pool1d(x[0], 1))
(F.adaptive_avg_pool2d(x, (2, 4)).sum() + F.adaptive_max_pool2d(x, (3, 4)).square().sum()).backward()
print(x.grad)
""",
    "unpooling and windows at random places": """
x = torch.tensor([[[1., 5., 2., 0.], [3., 4., 8., 7.], [6., 1., 0., 2.], [0., 2., 3., 9.]]], requires_grad=True)
y, places = F.max_pool2d(x, 2, return_indices=True)
print(F.max_unpool2d(y, places, 2), F.max_unpool2d(y, places, 2, output_size=(1, 5, 4)[1:]))
z, places1 = F.max_pool1d(x[0], 2, return_indices=True)
print(F.max_unpool1d(z, places1, 2), F.max_unpool3d(y[None], places[None], (1, 2, 2)))
samples = torch.tensor([[[0.3, 0.8]]])
print(F.fractional_max_pool2d(x, 2, (2, 3), return_indices=True, _random_samples=samples))
torch.manual_seed(0)
print(F.fractional_max_pool2d(torch.arange(49.).reshape(1, 7, 7), 2, output_ratio=(0.5, 0.6)))
attempt(F.max_unpool2d, y, places.int(), 2)
attempt(F.max_unpool2d, y, places, 2, output_size=(9, 9))
attempt(F.max_unpool2d, y[0], places[0], 2)
attempt(F.fractional_max_pool2d, x, 2)
attempt(F.fractional_max_pool2d, x, 4, 3)
""",
    "powers and neighbours": """
x = torch.arange(1., 17.).reshape(1, 4, 4)
print(F.lp_pool2d(x, 2, 2), F.lp_pool2d(x, 3.0, 2, 1, True), F.lp_pool1d(x[0], 1, 3, 2), F.lp_pool3d(x[None], 2, (1, 2, 2)))
print(F.lp_pool2d(-x, float("inf"), 2), F.lp_pool2d(x, float("-inf"), 2))
print(F.local_response_norm(x, 2), F.local_response_norm(x[None] / 4, 3, 1.0, 0.5, 2.0))
attempt(F.local_response_norm, x[0], 2)
""",
    "padding": """
x = torch.arange(1., 13.).reshape(1, 3, 4).requires_grad_()
for pads in ((1, 2), (2, 1, 1, 0), (-1, 2, 0, -1)):
    print(F.pad(x, pads), F.pad(x, pads, value=2.5))
    for mode in ("reflect", "replicate", "circular"):
        y = F.pad(x, pads, mode)
        print(mode, y, torch.autograd.grad((y * y).sum(), x))
print(F.pad(x, (0, 0, 0, 0, 1, 1)).shape, F.pad(torch.tensor([True]), (1, 0)), F.pad(torch.arange(3), (1, 1), value=7))
print(F.pad(x[None], (1, 1, 1, 1, 0, 0), "reflect"), torch.constant_pad_nd(x, [1, -1], 9))
attempt(F.pad, x, (1,))
attempt(F.pad, x, (1,) * 8)
attempt(F.pad, x, (4, 0), "reflect")
attempt(F.pad, x, (5, 0), "circular")
attempt(F.pad, x, (1, 1), "replicate", 3.0)
attempt(F.pad, x[0, 0], (1, 1), "reflect")
attempt(F.pad, x, (1, 1), "mirror")
attempt(F.pad, x, (-9, 1))
attempt(F.pad, x, (1.0, 1))
attempt(F.pad, torch.tensor([1, 2], dtype=torch.uint8), (1, 1), value=300)
""",
    "other sizes": """
x = torch.arange(12., dtype=torch.float64).reshape(1, 1, 3, 4).requires_grad_()
for options in (
    {"scale_factor": 2}, {"size": (2, 7)}, {"size": 5, "mode": "nearest-exact"}, {"size": 2, "mode": "area"},
    {"scale_factor": 2, "mode": "bilinear"}, {"size": (5, 3), "mode": "bilinear", "align_corners": True},
    {"scale_factor": (1.5, 0.7), "mode": "bilinear"}, {"scale_factor": (1.5, 0.7), "mode": "bilinear", "recompute_scale_factor": True},
    {"size": (4, 6), "mode": "bicubic"}, {"size": (4, 6), "mode": "bicubic", "align_corners": True},
    {"size": (2, 2), "mode": "bilinear", "antialias": True}, {"size": (2, 3), "mode": "bicubic", "antialias": True},
):
    y = F.interpolate(x, **options)
    print(options, y, torch.autograd.grad((y * y).sum(), x)[0])
print(F.interpolate(x[0], 6, mode="linear"), F.interpolate(x[None], 2, mode="trilinear"), F.interpolate(x[None], (1, 2, 2)))
print(F.upsample(x, scale_factor=2).shape, F.upsample_nearest(x, scale_factor=2).shape, F.upsample_bilinear(x, (2, 2)))
attempt(F.interpolate, x)
attempt(F.interpolate, x, 2, 2)
attempt(F.interpolate, x, (2, 2, 2))
attempt(F.interpolate, x, 2, mode="linear")
attempt(F.interpolate, x, 2, mode="cubic")
attempt(F.interpolate, x, 2, align_corners=True)
attempt(F.interpolate, x, 0, mode="bilinear")
attempt(F.interpolate, x, 2, mode="nearest", antialias=True)
attempt(F.interpolate, x.long(), 2, mode="bicubic")
""",
    "shuffles and sliding windows": """
x = torch.arange(16.).reshape(4, 2, 2)
print(F.pixel_shuffle(x, 2), F.pixel_unshuffle(x, 2).shape, F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2).equal(x))
print(F.channel_shuffle(x[None], 2), torch.channel_shuffle(x[None], 4).equal(x[None]))
attempt(F.pixel_shuffle, x, 3)
attempt(F.pixel_unshuffle, x, 3)
attempt(F.channel_shuffle, x[None], 3)
attempt(F.pixel_shuffle, x, 0)
y = torch.arange(10.).reshape(2, 5).requires_grad_()
z = y * 1
w = z.unfold(1, 3, 2)
print(w, w.shape, w.stride(), w._base is z, y.unfold(0, 2, 1).shape, y.unfold(-1, 0, 1).shape)
w.sum().backward()
print(y.grad)
z = torch.arange(6.)
z.unfold(0, 2, 2).mul_(-1)
print(z, torch.tensor(3.).unfold(0, 1, 1))
attempt(z.unfold, 0, 7, 1)
attempt(z.unfold, 0, -1, 1)
attempt(z.unfold, 0, 2, 0)
attempt(z.unfold, 2, 2, 1)
attempt(z.unfold, 0, 2.0, 1)
""",
    "sampling at places": """
x = torch.arange(12., dtype=torch.float64).reshape(1, 1, 3, 4).requires_grad_()
grid = torch.tensor([[[[-0.9, 0.3], [0.15, -0.4]], [[1.3, 0.2], [-1.6, -1.2]]]], dtype=torch.float64, requires_grad=True)
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for corners in (False, True):
            y = F.grid_sample(x, grid, mode, padding, corners)
            print(mode, padding, corners, y, [(each * 1e4).round() / 1e4 + 0.0 for each in torch.autograd.grad((y * y).sum(), (x, grid))])
theta = torch.tensor([[[0.5, 0.1, -0.2], [0.0, 2.0, 0.3]]], requires_grad=True)
print(F.affine_grid(theta, (1, 1, 2, 3), align_corners=False), F.affine_grid(theta, (1, 1, 2, 2), align_corners=True))
print(F.affine_grid(theta, (1, 1, 2, 2)).sum())
print(F.affine_grid(torch.eye(3, 4)[None], (1, 1, 1, 2, 2), align_corners=False))
print(F.grid_sample(torch.arange(8.).reshape(1, 1, 2, 2, 2), torch.tensor([[[[[0.2, -0.3, 0.4]]]]]), align_corners=True))
attempt(F.grid_sample, x, grid, "cubic")
attempt(F.grid_sample, x, grid, "nearest", "wrap")
attempt(F.grid_sample, x, grid[..., :1], align_corners=True)
attempt(F.grid_sample, x, grid.float(), align_corners=True)
attempt(F.affine_grid, theta, (1, 1, 2), align_corners=True)
""",
    "refusals of pooling": """
x = torch.rand(1, 2, 4, 4)
for arguments in ((0,), (-1,), (2, 0), (2, -1), (2, 2, 2), (2, 2, -1), (9,), ((2, 2, 2),), (2, (1, 1, 1)), (2.0,), ("2",), ((2, 2.5),), (None,)):
    attempt(F.max_pool2d, x, *arguments)
    attempt(F.avg_pool2d, x, *arguments)
    attempt(F.max_pool1d, x[0], *arguments)
    attempt(F.max_pool3d, x[None], *arguments)
    attempt(F.avg_pool3d, x[None], *arguments)
    attempt(F.avg_pool1d, x[0], *arguments)
for pool in (F.max_pool2d, F.avg_pool2d, F.max_pool1d, F.avg_pool1d, F.max_pool3d, F.avg_pool3d):
    attempt(pool, x[0, 0, 0], 2)
    attempt(pool, torch.ones(1, 1, 4, 4, dtype=torch.bool), 2)
    attempt(pool, torch.ones(1, 0, 4, 4), 2)
    attempt(pool, [1.0], 2)
    attempt(pool, x, 2, ceil_mode="yes")
attempt(F.max_pool2d, x, 2, 2, 0, 0)
attempt(F.avg_pool2d, x, 2, divisor_override=0)
attempt(F.adaptive_avg_pool2d, x, (1, 2, 3))
attempt(F.adaptive_avg_pool2d, x, -2)
attempt(F.adaptive_max_pool2d, x[0, 0], 2)
attempt(F.adaptive_max_pool1d, x[0], (1, 2))
attempt(F.adaptive_max_pool2d, x.long(), 2)
""",
}
