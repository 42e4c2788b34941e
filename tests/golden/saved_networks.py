"""Two networks by the names and shapes of ResNet-18's and GPT-2's weights, for PyTorch and for the framework."""

import math


def networks(torch):
    """`ResNet(widths, classes)` and `GPT2(layers, width, heads, vocabulary, length)`, made of `torch`'s functions."""
    nn, F = torch.nn, torch.nn.functional

    class Conv(nn.Module):
        def __init__(self, inputs, outputs, size, stride=1):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(outputs, inputs, size, size))
            self.stride = stride

        def forward(self, x):
            return F.conv2d(x, self.weight, stride=self.stride, padding=self.weight.shape[-1] // 2)

    class BatchNorm(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(width))
            self.bias = nn.Parameter(torch.zeros(width))
            self.register_buffer("running_mean", torch.zeros(width))
            self.register_buffer("running_var", torch.ones(width))
            self.register_buffer("num_batches_tracked", torch.tensor(0))

        def forward(self, x):
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=1e-5)

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1, self.bn1 = Conv(inputs, outputs, 3, stride), BatchNorm(outputs)
            self.conv2, self.bn2 = Conv(outputs, outputs, 3), BatchNorm(outputs)
            self.downsample = None
            if stride != 1 or inputs != outputs:
                self.downsample = nn.Sequential(Conv(inputs, outputs, 1, stride), BatchNorm(outputs))

        def forward(self, x):
            out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(out + (x if self.downsample is None else self.downsample(x)))

    class ResNet(nn.Module):
        def __init__(self, widths, classes):
            super().__init__()
            self.conv1, self.bn1 = Conv(3, widths[0], 7, 2), BatchNorm(widths[0])
            inputs = widths[0]
            for number, width in enumerate(widths, 1):
                stage = nn.Sequential(Block(inputs, width, 1 if number == 1 else 2), Block(width, width, 1))
                setattr(self, f"layer{number}", stage)
                inputs = width
            self.fc = nn.Linear(inputs, classes)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    class Embedding(nn.Module):
        def __init__(self, count, width):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(count, width))

        def forward(self, x):
            return F.embedding(x, self.weight)

    class LayerNorm(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

        def forward(self, x):
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias)

    class Conv1D(nn.Module):  # what GPT-2 calls a linear layer with its weight transposed
        def __init__(self, inputs, outputs):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.zeros(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

        def forward(self, x):
            return x @ self.weight + self.bias

    class Attention(nn.Module):
        def __init__(self, width, heads, length):
            super().__init__()
            self.heads = heads
            self.c_attn, self.c_proj = Conv1D(width, 3 * width), Conv1D(width, width)
            self.register_buffer(
                "bias", torch.tril(torch.ones(length, length, dtype=torch.bool)).view(1, 1, length, length)
            )

        def forward(self, x):
            batch, length, width = x.shape
            q, k, v = [each.view(batch, length, self.heads, -1).transpose(1, 2) for each in self.c_attn(x).chunk(3, -1)]
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
            scores = scores.masked_fill(~self.bias[:, :, :length, :length], -1e9)
            return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))

    class MLP(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.c_fc, self.c_proj = Conv1D(width, 4 * width), Conv1D(4 * width, width)

        def forward(self, x):
            return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))

    class Layer(nn.Module):
        def __init__(self, width, heads, length):
            super().__init__()
            self.ln_1, self.attn = LayerNorm(width), Attention(width, heads, length)
            self.ln_2, self.mlp = LayerNorm(width), MLP(width)

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))

    class Transformer(nn.Module):
        def __init__(self, layers, width, heads, vocabulary, length):
            super().__init__()
            self.wte, self.wpe = Embedding(vocabulary, width), Embedding(length, width)
            self.h = nn.Sequential(*[Layer(width, heads, length) for _ in range(layers)])
            self.ln_f = LayerNorm(width)

        def forward(self, x):
            return self.ln_f(self.h(self.wte(x) + self.wpe(torch.arange(x.shape[1]))))

    class GPT2(nn.Module):
        def __init__(self, layers, width, heads, vocabulary, length):
            super().__init__()
            self.transformer = Transformer(layers, width, heads, vocabulary, length)
            self.lm_head = nn.Linear(width, vocabulary, bias=False)
            self.lm_head.weight = self.transformer.wte.weight

        def forward(self, x):
            return self.lm_head(self.transformer(x))

    return ResNet, GPT2


def fill(torch, network):
    """Weights that let numbers of an ordinary size through, as trained ones do."""
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(17)
        elif name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
        elif tensor.dtype is torch.float32:
            scale = 1 / math.sqrt(max(1, tensor.numel() // max(tensor.shape[0], 1))) if tensor.dim() > 1 else 0.1
            offset = 1.0 if tensor.dim() == 1 and name.endswith("weight") else 0.0
            tensor.copy_(torch.randn(tensor.shape) * scale + offset)
    return network.eval()


SMALL = {"resnet": ([2, 2, 3, 4], 5), "gpt2": (2, 8, 2, 20, 8)}
FULL = {"resnet": ([64, 128, 256, 512], 1000), "gpt2": (12, 768, 12, 50257, 1024)}


def sample(torch, kind, full=False):
    """An input for a network."""
    if kind == "resnet":
        return torch.randn(2, 3, *((224, 224) if full else (32, 32)))
    return torch.randint(0, 50257 if full else 20, (2, 64 if full else 8))
