"""Programs that run every layer on small inputs, with its gradients; what each prints is in layer_transcripts.json."""

# Calls a layer made by its text, and prints outputs and the gradients of inputs and parameters, each as a sum weighted
# by place, so that a value in the wrong place shows. `close` rounds what differs in the last bits between the two.
_RUN = """
def close(t):
    t = t.detach().double().reshape(-1)
    weights = torch.arange(1, t.numel() + 1, dtype=torch.float64).cos()
    return float("%.4g" % (t * weights).sum().item())

def drawn(*size):
    return torch.randn(*size, dtype=torch.float64).float()

def outputs_of(result):
    return [each for each in (result if isinstance(result, tuple) else (result,))]

def run(call, *inputs, **kwargs):
    torch.manual_seed(1)
    layer = eval("nn." + call)
    try:
        result = layer(*inputs, **kwargs)
    except Exception as error:
        print(call, type(error).__name__, error)
        return
    shown = [(tuple(each.shape), str(each.dtype)[6:], close(each)) for each in outputs_of(result)]
    print(call, *shown)
    scalars = [close_sum(each) for each in outputs_of(result) if each.requires_grad]
    if scalars:
        sum(scalars).backward()
        grads = [("input", each.grad) for each in inputs if isinstance(each, torch.Tensor)]
        grads += [(name, parameter.grad) for name, parameter in layer.named_parameters()]
        print("   ", *[(name, close(grad)) for name, grad in grads if grad is not None])
    for each in inputs:
        if isinstance(each, torch.Tensor):
            each.grad = None
    held = {name: close(buffer) for name, buffer in layer.named_buffers()}
    if held:
        print("   ", held)

def close_sum(each):
    weights = torch.arange(1, each.numel() + 1, dtype=each.dtype).sin().reshape(each.shape)
    return (each * weights).sum()

torch.manual_seed(0)
"""

PROGRAMS = {
    "linear": _RUN
    + """
x, y = drawn(4, 3).requires_grad_(), drawn(4, 2).requires_grad_()
run("Identity()", x)
run("Linear(3, 2)", x)
run("Bilinear(3, 2, 5)", x, y)
run("Bilinear(3, 2, 5, bias=False)", x, y)
run("LazyLinear(2)", x)
run("LazyLinear(2, bias=False)", x)
run("Bilinear(3, 2, 5)", x, x)
""",
    "activation": _RUN
    + """
x = drawn(2, 4, 3).requires_grad_()
for call in ["Threshold(0.1, 20)", "ReLU()", "RReLU()", "RReLU().eval()", "Hardtanh(-0.5, 0.7)", "ReLU6()", "Sigmoid()",
             "Hardsigmoid()", "Tanh()", "SiLU()", "Mish()", "Hardswish()", "ELU(0.7)", "CELU(0.7)", "SELU()", "GLU(1)",
             "GELU()", "GELU('tanh')", "Hardshrink()", "LeakyReLU(0.2)", "LogSigmoid()", "Softplus(2, 1)", "Softshrink()",
             "PReLU()", "PReLU(4)", "Softsign()", "Tanhshrink()", "Softmin(1)", "Softmax(-1)", "Softmax2d()",
             "LogSoftmax(0)", "Softmax()", "LogSoftmax()", "Softmin()", "GLU()"]:
    run(call, x)
run("Softmax2d()", x[0])
for name in ["Threshold(0.1, 20, True)", "ReLU(True)", "RReLU(inplace=True)", "Hardtanh(inplace=True)", "ReLU6(True)",
             "SiLU(True)", "Mish(True)", "ELU(inplace=True)", "CELU(inplace=True)", "SELU(True)", "LeakyReLU(0.1, True)",
             "Hardswish(True)", "Hardsigmoid(True)"]:
    y = x.detach().clone()
    z = eval("nn." + name)(y)
    print(name, z is y, close(y))
""",
    "conv": _RUN
    + """
x = drawn(2, 4, 7).requires_grad_()
for call in ["Conv1d(4, 6, 3)", "Conv1d(4, 6, 3, 2, 1, 2, 2, False)", "Conv1d(4, 6, 4, padding='same')",
             "Conv1d(4, 6, 3, padding='valid')", "Conv1d(4, 4, 3, padding=2, padding_mode='circular', groups=4)",
             "Conv1d(4, 6, 3, padding=2, padding_mode='reflect')", "Conv1d(4, 6, 3, padding='same', padding_mode='replicate')",
             "ConvTranspose1d(4, 6, 3, 2, 1, 1)", "ConvTranspose1d(4, 6, 3, groups=2, bias=False, dilation=2)",
             "LazyConv1d(6, 3, padding=1)", "LazyConvTranspose1d(6, 3, 2)", "LazyConv1d(6, 3, groups=3)"]:
    run(call, x)
    run(call, x[0])
x = drawn(2, 4, 5, 6).requires_grad_()
for call in ["Conv2d(4, 6, 3)", "Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, False)", "Conv2d(4, 6, 2, padding='same')",
             "Conv2d(4, 4, 3, padding=(1, 2), padding_mode='circular')", "Conv2d(4, 4, 3, padding='same', dilation=2, padding_mode='reflect')",
             "ConvTranspose2d(4, 6, (3, 2), 2, 1, (1, 0))", "LazyConv2d(6, 3, bias=False)", "LazyConvTranspose2d(6, 3, groups=2)"]:
    run(call, x)
run("Conv2d(4, 2, 3)", x[0])
x = drawn(1, 2, 3, 4, 4).requires_grad_()
for call in ["Conv3d(2, 4, 2)", "Conv3d(2, 4, (1, 2, 3), 1, (0, 1, 1), groups=2, padding_mode='replicate')",
             "ConvTranspose3d(2, 4, 2, 2)", "LazyConv3d(3, 2)", "LazyConvTranspose3d(3, (1, 2, 2))"]:
    run(call, x)
x = drawn(1, 2, 5)
up = nn.ConvTranspose1d(2, 3, 3, stride=3)
for size in ([15], [16], [1, 3, 17], [18], [14], [1, 2], (16,)):
    attempt(lambda: up(x, output_size=size).shape)
up = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, dilation=2)
x = drawn(1, 2, 4, 4)
for size in ([9, 10], [1, 3, 10, 9], [9], [11, 9]):
    attempt(lambda: up(x, output_size=size).shape)
attempt(lambda: up(x[0], output_size=[3, 9, 10]).shape)
attempt(nn.Conv2d(4, 6, 3), x)
attempt(nn.LazyConv2d(4, 3), torch.ones(2))
print(nn.Conv1d(2, 4, 4, padding="same", dilation=3)._reversed_padding_repeated_twice, nn.Conv2d(2, 4, 3, padding=(1, 2))._reversed_padding_repeated_twice)
conv = nn.Conv2d(2, 4, 3, stride=2)
print(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.transposed, conv.output_padding, conv.groups, conv.padding_mode)
class Scaled(nn.Conv2d):
    def forward(self, input):
        return self._conv_forward(input, self.weight * 2, None)
print(Scaled(2, 3, 3)(x).shape)
""",
    "pooling": _RUN
    + """
x = drawn(2, 3, 9).requires_grad_()
for call in ["MaxPool1d(3)", "MaxPool1d(3, 2, 1, 2, True, True)", "AvgPool1d(3)", "AvgPool1d(3, 2, 1, True, False)",
             "LPPool1d(2, 3)", "LPPool1d(3, 2, 1, True)", "AdaptiveMaxPool1d(4)", "AdaptiveMaxPool1d(4, True)",
             "AdaptiveAvgPool1d(4)"]:
    run(call, x)
    run(call, x[0])
x = drawn(2, 3, 7, 6).requires_grad_()
for call in ["MaxPool2d(2)", "MaxPool2d((3, 2), (2, 1), 1, 1, True, True)", "AvgPool2d((3, 2), 2, 1)",
             "AvgPool2d(3, divisor_override=2)", "LPPool2d(2, (2, 3))", "AdaptiveMaxPool2d((3, None), True)",
             "AdaptiveAvgPool2d((None, 2))", "AdaptiveAvgPool2d(1)", "FractionalMaxPool2d(2, output_size=(3, 4))",
             "FractionalMaxPool2d((2, 3), output_ratio=(0.5, 0.4), return_indices=True)"]:
    run(call, x)
x = drawn(1, 2, 5, 4, 4).requires_grad_()
for call in ["MaxPool3d(2)", "AvgPool3d((2, 1, 2), 1)", "LPPool3d(2, 2)", "AdaptiveMaxPool3d((2, None, 1))",
             "AdaptiveAvgPool3d(2)", "FractionalMaxPool3d(2, output_size=2)"]:
    run(call, x)
for dims in (1, 2, 3):
    x = drawn(2, 3, *[6, 5, 4][:dims]).requires_grad_()
    pool = getattr(nn, f"MaxPool{dims}d")(2, stride=2, return_indices=True)
    y, indices = pool(x)
    y = y.detach().requires_grad_()
    run(f"MaxUnpool{dims}d(2, stride=2)", y, indices)
    run(f"MaxUnpool{dims}d(2)", y, indices, output_size=x.size())
    run(f"MaxUnpool{dims}d(2)", y, indices, output_size=[40] * dims)
samples = torch.rand(2, 3, 2)
x = drawn(2, 3, 7, 6)
pool = nn.FractionalMaxPool2d(2, output_size=3, _random_samples=samples)
print(close(pool(x)), list(pool.state_dict()))
""",
    "normalization": _RUN
    + """
x = drawn(3, 4, 5).requires_grad_()
for call in ["BatchNorm1d(4)", "BatchNorm1d(4, momentum=None)", "BatchNorm1d(4, affine=False)", "BatchNorm1d(4, bias=False)",
             "BatchNorm1d(4, track_running_stats=False)", "BatchNorm1d(4).eval()", "BatchNorm1d(4, track_running_stats=False).eval()",
             "LazyBatchNorm1d()", "LazyBatchNorm1d(bias=False)", "LazyBatchNorm1d(affine=False)", "SyncBatchNorm(4)", "InstanceNorm1d(4)",
             "InstanceNorm1d(4, affine=True, track_running_stats=True)",
             "InstanceNorm1d(4, track_running_stats=True).eval()", "InstanceNorm1d(3)", "InstanceNorm1d(3, affine=True)",
             "LazyInstanceNorm1d()", "LazyInstanceNorm1d(affine=True, track_running_stats=True)", "LayerNorm(5)", "LayerNorm([4, 5])", "LayerNorm(5, bias=False)",
             "LayerNorm(5, elementwise_affine=False)", "LayerNorm(4)", "RMSNorm(5)", "RMSNorm([4, 5], 0.1)",
             "RMSNorm(5, elementwise_affine=False)", "GroupNorm(2, 4)", "GroupNorm(4, 4, affine=False)", "GroupNorm(2, 4, bias=False)", "GroupNorm(2, 6)",
             "LocalResponseNorm(2)", "LocalResponseNorm(3, 1.0, 0.5, 2.0)", "BatchNorm2d(4)", "BatchNorm3d(4)", "InstanceNorm2d(3)"]:
    run(call, x)
run("InstanceNorm1d(4, affine=True)", x[0])
run("BatchNorm1d(4)", x[0, :, :4])
run("BatchNorm1d(4)", x[:1, :, 0])
run("BatchNorm1d(4)", x[0, 0])
x = drawn(2, 4, 3, 3).requires_grad_()
for call in ["BatchNorm2d(4)", "LazyBatchNorm2d(track_running_stats=False)", "InstanceNorm2d(4)", "LazyInstanceNorm2d(affine=True, bias=False)",
             "LocalResponseNorm(3, 1.0)", "SyncBatchNorm(4, momentum=None)", "GroupNorm(4, 4)", "BatchNorm1d(4)"]:
    run(call, x)
with torch.no_grad():
    run("CrossMapLRN2d(3, 1.0)", x)
    run("CrossMapLRN2d(2, 0.5, 0.6, 2)", x)
    run("CrossMapLRN2d(5)", x)
    run("CrossMapLRN2d(1)", x)
    run("CrossMapLRN2d(3)", x[0])
x = drawn(2, 4, 2, 3, 3).requires_grad_()
for call in ["BatchNorm3d(4)", "LazyBatchNorm3d()", "InstanceNorm3d(4)", "LazyInstanceNorm3d()", "BatchNorm2d(4)"]:
    run(call, x)
norm = nn.BatchNorm1d(4, momentum=None)
for step in range(3):
    norm(drawn(6, 4))
    print(norm.num_batches_tracked, close(norm.running_mean), close(norm.running_var))
norm.reset_running_stats()
print(norm.running_mean, norm.running_var, norm.num_batches_tracked)
norm.momentum = 0.3
norm.eval()
print(close(norm(drawn(6, 4))), norm.num_batches_tracked)
sync = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm1d(3, affine=False)), nn.ReLU()))
print(sync)
""",
    "old state dicts": """
norm = nn.BatchNorm1d(2)
state = {"weight": torch.ones(2), "bias": torch.ones(2), "running_mean": torch.ones(2), "running_var": torch.ones(2)}
attempt(norm.load_state_dict, state)
print(norm.num_batches_tracked, norm.bias)
state = norm.state_dict()
print(state._metadata)
del state["num_batches_tracked"]
attempt(norm.load_state_dict, state)
state._metadata[""]["version"] = 1
attempt(norm.load_state_dict, state)
attempt(nn.InstanceNorm1d(2).load_state_dict, {"running_mean": torch.ones(2), "running_var": torch.ones(2)})
attempt(nn.Sequential(nn.InstanceNorm2d(2)).load_state_dict, {"0.running_mean": torch.ones(2)})
attempt(nn.InstanceNorm1d(2, track_running_stats=True).load_state_dict, {"running_mean": torch.ones(2), "running_var": torch.ones(2)})
""",
    "embedding": _RUN
    + """
i = torch.tensor([[0, 2, 1], [4, 1, 1]])
for call in ["Embedding(5, 3)", "Embedding(5, 3, padding_idx=1)", "Embedding(5, 3, -1)", "Embedding(5, 3, max_norm=1.0)",
             "Embedding(5, 3, scale_grad_by_freq=True)", "Embedding(5, 3, dtype=torch.float64)", "Embedding(5, 3, _freeze=True)",
             "EmbeddingBag(5, 3)", "EmbeddingBag(5, 3, mode='sum')", "EmbeddingBag(5, 3, mode='max')", "EmbeddingBag(5, 3, padding_idx=1)",
             "EmbeddingBag(5, 3, max_norm=0.5, norm_type=1.0)", "EmbeddingBag(5, 3, scale_grad_by_freq=True)", "Embedding(4, 3)",
             "Embedding.from_pretrained(torch.arange(15.).reshape(5, 3))", "Embedding.from_pretrained(torch.arange(15.).reshape(5, 3), freeze=False, padding_idx=1)",
             "EmbeddingBag.from_pretrained(torch.arange(15.).reshape(5, 3), mode='max')", "EmbeddingBag.from_pretrained(torch.arange(15.).reshape(5, 3), freeze=False, mode='sum')"]:
    run(call, i)
flat, offsets = i.flatten(), torch.tensor([0, 2, 2])
run("EmbeddingBag(5, 3)", flat, offsets)
run("EmbeddingBag(5, 3, include_last_offset=True, mode='sum')", flat, torch.tensor([0, 2, 6]))
run("EmbeddingBag(5, 3, mode='sum')", flat, offsets, drawn(6).requires_grad_())
run("EmbeddingBag(5, 3)", flat)
torch.manual_seed(3)
table = nn.Embedding(3, 2, padding_idx=0)
values(table.weight)
table.reset_parameters()
values(table.weight)
given = torch.ones(2, 2)
print(nn.Embedding.from_pretrained(given).weight.requires_grad, nn.Embedding.from_pretrained(given, False).weight.requires_grad)
""",
    "dropout": _RUN
    + """
x = drawn(2, 3, 4).requires_grad_()
for call in ["Dropout()", "Dropout(0.2)", "Dropout(0)", "Dropout(1)", "Dropout().eval()", "Dropout1d(0.4)", "AlphaDropout(0.3)",
             "FeatureAlphaDropout(0.4)", "AlphaDropout(0.3).eval()", "Dropout1d(0.4).eval()"]:
    run(call, x)
run("Dropout2d(0.4)", drawn(2, 3, 2, 2).requires_grad_())
run("Dropout3d(0.4)", drawn(2, 3, 2, 2, 1).requires_grad_())
run("Dropout2d(0.4)", drawn(2, 3, 2))
y = torch.ones(4)
print(nn.Dropout(0.5, True)(y) is y, y)
""",
    "losses": _RUN
    + """
x, y = drawn(4, 3).requires_grad_(), drawn(4, 3)
p, q = torch.rand(4, 3).requires_grad_(), torch.rand(4, 3)
c = torch.tensor([0, 2, 1, 1])
sign = torch.tensor([[1., -1, 1]] * 4)
w = torch.tensor([0.5, 1, 2])
for red in ("mean", "sum", "none"):
    r = f"reduction='{red}'"
    run(f"L1Loss({r})", x, y)
    run(f"MSELoss({r})", x, y)
    run(f"SmoothL1Loss({r}, beta=0.5)", x, y)
    run(f"HuberLoss({r}, delta=0.5)", x, y)
    run(f"KLDivLoss({r})", x, q)
    run(f"KLDivLoss({r}, log_target=True)", x, y)
    run(f"PoissonNLLLoss({r})", x, q)
    run(f"PoissonNLLLoss(log_input=False, full=True, {r})", p, q * 5)
    run(f"GaussianNLLLoss({r}, full=True)", x, y, q)
    run(f"BCELoss({r})", p, q)
    run(f"BCELoss(torch.tensor([0.5, 1, 2]), {r})", p, q)
    run(f"BCEWithLogitsLoss({r}, pos_weight=torch.tensor([0.5, 1, 2]))", x, q)
    run(f"NLLLoss(torch.tensor([0.5, 1, 2]), ignore_index=1, {r})", x, c)
    run(f"CrossEntropyLoss({r}, label_smoothing=0.1)", x, c)
    run(f"CrossEntropyLoss(torch.tensor([0.5, 1, 2]), {r})", x, c)
    run(f"MultiMarginLoss({r})", x, c)
    run(f"MultiMarginLoss(2, 0.5, torch.tensor([0.5, 1, 2]), {r})", x, c)
    run(f"MultiLabelMarginLoss({r})", x, torch.tensor([[0, -1, 1], [2, 1, -1], [-1, 0, 0], [0, 1, 2]]))
    run(f"MultiLabelSoftMarginLoss({r})", x, (q > 0.5).float())
    run(f"SoftMarginLoss({r})", x, sign)
    run(f"HingeEmbeddingLoss({r})", x, sign)
    run(f"MarginRankingLoss(0.2, {r})", x, y, sign)
    run(f"CosineEmbeddingLoss(0.1, {r})", x, y, sign[:1].expand(4, 3)[:, :2].flatten()[:4])
    run(f"TripletMarginLoss({r}, swap=True)", x, y, q)
    run(f"TripletMarginWithDistanceLoss({r})", x, y, q)
    run(f"TripletMarginWithDistanceLoss(distance_function=nn.CosineSimilarity(), margin=0.5, swap=True, {r})", x, y, q)
    run(f"LinearCrossEntropyLoss(3, 5, bias=True, {r})", x, c)
    run(f"LinearCrossEntropyLoss(3, 5, out_features=(2,), {r})", x, torch.stack([c, c], 1))
    logs = drawn(6, 2, 4).log_softmax(2).requires_grad_()
    run(f"CTCLoss({r})", logs, torch.tensor([[1, 2], [3, 3]]), torch.tensor([6, 5]), torch.tensor([2, 1]))
    run(f"CTCLoss(1, {r}, zero_infinity=True)", logs, torch.tensor([2, 3, 3]), (6, 1), (1, 2))
run("NLLLoss2d()", x, c)
run("GaussianNLLLoss()", x, y, 2.0)
run("MSELoss(reduction='sums')", x, y)
run("LinearCrossEntropyLoss(3, 5, options=nn.LinearCrossEntropyOptions())", x, c)
""",
    "adaptive softmax": _RUN
    + """
x = drawn(6, 8).requires_grad_()
c = torch.tensor([0, 9, 4, 2, 7, 19])
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x, c)
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8, 15], 2.0, True)", x, c)
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x[0], c[0])
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x[:1], c[:1])
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x, c + 1)
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x, c[:3])
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x, c[0])
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x[0], c)
run("AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])", x, c.reshape(2, 3))
torch.manual_seed(0)
layer = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 8])
print(close(layer.log_prob(x)), layer.predict(x), layer.predict(x * 100), layer.predict(x[:0]))
print(layer(x, c)._fields, type(layer(x, c)).__name__, layer.cutoffs, layer.shortlist_size, layer.n_clusters, layer.head_size)
layer.reset_parameters()
print(close(layer.head.weight), close(layer.tail[1][0].weight))
""",
    "shapes": _RUN
    + """
x = drawn(2, 8, 4, 6).requires_grad_()
for call in ["Flatten()", "Flatten(0, -2)", "Unflatten(1, (2, 4))", "Unflatten(1, (3, 3))", "PixelShuffle(2)", "PixelUnshuffle(2)",
             "ChannelShuffle(4)", "Unfold(2)", "Unfold((2, 3), 1, 1, 2)", "Upsample(scale_factor=2)", "Upsample((3, 5), mode='bilinear')",
             "Upsample(scale_factor=(1.5, 2.0), mode='bicubic', align_corners=True)", "UpsamplingNearest2d(scale_factor=2)",
             "UpsamplingBilinear2d(size=(3, 3))", "Upsample(scale_factor=1.7, mode='bilinear', recompute_scale_factor=True)", "PixelShuffle(3)", "ChannelShuffle(3)"]:
    run(call, x)
run("Fold((4, 5), 2)", drawn(2, 12, 12).requires_grad_())
run("Fold((4, 5), 2, padding=1, stride=2)", drawn(2, 12, 9).requires_grad_())
run("Fold((4, 5), 2)", drawn(2, 12, 11))
run("Upsample(scale_factor=2, mode='linear')", drawn(1, 2, 3))
run("Upsample(scale_factor=2, mode='trilinear')", drawn(1, 2, 3, 2, 2))
for kind in ("Zero", "Reflection", "Replication", "Circular"):
    run(f"{kind}Pad1d((1, 2))", drawn(2, 3, 4).requires_grad_())
    run(f"{kind}Pad1d(1)", drawn(3, 4).requires_grad_())
    run(f"{kind}Pad2d((1, 2, 0, 1))", x)
    run(f"{kind}Pad2d(1)", x[0])
    run(f"{kind}Pad3d((1, 0, 1, 1, 0, 1))", drawn(2, 3, 2, 3, 3).requires_grad_())
    run(f"{kind}Pad1d(1)", x)
run("ConstantPad1d((1, -1), 2.5)", x)
run("ConstantPad2d(1, 3)", x)
run("ConstantPad3d(1, -1.0)", x)
a, b = drawn(3, 5).requires_grad_(), drawn(3, 5).requires_grad_()
for call in ["PairwiseDistance()", "PairwiseDistance(1, 0.1, True)", "CosineSimilarity()", "CosineSimilarity(0)"]:
    run(call, a, b)
""",
}
