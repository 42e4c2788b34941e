"""Whole training steps of the networks in tests/networks.py: framework eager and compiled, against PyTorch.

python -m tests.benchmarks.networks [--models NAME ...] [--threads N] [--rounds N]
"""

from __future__ import annotations

import argparse

from tests.benchmarks.contest import Contender, contest, table

MODELS = {
    "mlp": "mlp(torch)",
    "lenet": "lenet(torch)",
    "residual": "residual(torch)",
    "lstm": "recurrent(torch, 'LSTM')",
    "gru": "recurrent(torch, 'GRU')",
    "gpt-small": "gpt(torch, batch=4, length=16, width=32, layers=1)",
    "gpt": "gpt(torch)",
}
OPTIMIZERS = {
    "SGD with momentum": "torch.optim.SGD(network.model.parameters(), lr=0.01, momentum=0.9)",
    "AdamW": "torch.optim.AdamW(network.model.parameters(), lr=0.001)",
}
_SETUP = """
from tests.networks import *
torch.manual_seed(0)
network = {model}
step, x, y = training(network, {optimizer}), network.x, network.y
"""


def contenders(model: str, optimizer: str, threads: int) -> list[Contender]:
    """Each makes its step, and warms it up."""
    setup = _SETUP.format(model=model, optimizer=optimizer)
    framework = "import framework as torch\n" + setup
    return [
        Contender("framework, eager", framework, "step(x, y)", warm_up="step(x, y)"),
        Contender(
            "framework, compiled",
            framework + "step = torch.compile(step, fullgraph=True)",
            "step(x, y)",
            warm_up="for _ in range(4): step(x, y)",
        ),
        Contender(
            "torch, eager",
            f"import torch\ntorch.set_num_threads({threads})" + setup,
            "step(x, y)",
            "torch",
            "step(x, y)",
        ),
    ]


def main() -> None:
    """Prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="NAME", help=", ".join(MODELS)
    )
    parser.add_argument("--threads", type=int, choices=(1, 2), default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name in options.models:
        for optimizer, made in OPTIMIZERS.items():
            found = contest(contenders(MODELS[name], made, options.threads), options.rounds, 5, options.threads)
            table(f"{MODELS[name]}, {optimizer}", found, "torch, eager")


if __name__ == "__main__":
    main()
