"""Whole training steps of a transformer and a convolutional network: framework eager and compiled, against PyTorch.

python -m tests.benchmarks.networks [--threads N] [--rounds N]
"""

from __future__ import annotations

import argparse

from tests.benchmarks.contest import Contender, contest, table

# With `torch` and `heads` defined; written with functions alone, so that it runs with either library.
_TRANSFORMER = """
F = torch.nn.functional
torch.manual_seed(0)
batch, length, width, heads, words = {sizes}
parameter = lambda *shape: torch.nn.Parameter(torch.randn(*shape) * 0.1)
table, places = parameter(words, width), parameter(length, width)
qkv, out = parameter(3 * width, width), parameter(width, width)
inner, outer = parameter(4 * width, width), parameter(width, 4 * width)
scale, shift = torch.nn.Parameter(torch.ones(width)), torch.nn.Parameter(torch.zeros(width))
x = torch.randint(0, words, (batch, length))
y = torch.randint(0, words, (batch, length))
parameters = [table, places, qkv, out, inner, outer, scale, shift]

def forward(x):
    h = F.embedding(x, table) + places
    q, k, v = [
        each.view(batch, length, heads, width // heads).transpose(1, 2)
        for each in F.linear(F.layer_norm(h, (width,), scale, shift), qkv).split(width, -1)
    ]
    attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    h = h + F.linear(attended.transpose(1, 2).contiguous().view(batch, length, width), out)
    h = h + F.linear(F.gelu(F.linear(h, inner)), outer)
    return (h @ table.t()).view(-1, words)
"""
_CONVOLUTIONAL = """
F = torch.nn.functional
torch.manual_seed(0)
batch, = {sizes}
parameter = lambda *shape: torch.nn.Parameter(torch.randn(*shape) * 0.1)
first, second = [parameter(6, 1, 5, 5), parameter(6)], [parameter(16, 6, 5, 5), parameter(16)]
hidden, last = [parameter(120, 256), parameter(120)], [parameter(10, 120), parameter(10)]
x, y = torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,))
parameters = [*first, *second, *hidden, *last]

def forward(x):
    h = F.max_pool2d(F.relu(F.conv2d(x, *first)), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, *second)), 2)
    return F.linear(F.relu(F.linear(h.flatten(1), *hidden)), *last)
"""
_STEP = """
optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9)

def step(x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(forward(x), y.view(-1))
    loss.backward()
    optimizer.step()
    return loss
"""
NETWORKS = {
    "transformer block, 4×16 words, 32 wide": _TRANSFORMER.format(sizes=(4, 16, 32, 4, 20)),
    "transformer block, 16×64 words, 64 wide": _TRANSFORMER.format(sizes=(16, 64, 64, 4, 65)),
    "LeNet, batch 32": _CONVOLUTIONAL.format(sizes=(32,)),
}


def main() -> None:
    """Prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, choices=(1, 2), default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name, network in NETWORKS.items():
        framework = "import framework as torch\n" + network + _STEP
        contenders = [
            Contender("framework, eager", framework, "step(x, y)", warm_up="step(x, y)"),
            Contender(
                "framework, compiled",
                framework + "step = torch.compile(step, fullgraph=True)",
                "step(x, y)",
                warm_up="for _ in range(4): step(x, y)",
            ),
            Contender("torch, eager", "import torch\n" + network + _STEP, "step(x, y)", "torch", "step(x, y)"),
        ]
        table(name, contest(contenders, options.rounds, threads=options.threads), "torch, eager")


if __name__ == "__main__":
    main()
