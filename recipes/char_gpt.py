"""A GPT that writes character by character, after Milton's Paradise Lost.

    framework train recipes/char_gpt.py

Expected: a validation loss of 1.78 nats a character or less after 5 epochs (1.756 from seed 0; 1.778, 1.775 from 1 and 2), in
about a minute, and at the end some lines that have the look of verse.
The text, 457,000 characters, is described in data/paradise_lost.LICENSE.txt; its last tenth is kept for validation.
"""

from pathlib import Path

import framework
from framework import Recipe, Tensor, nn, optim
from framework.data import Subset, TensorDataset
from framework.extend import Trainer, UserError, hookimpl

DATA = Path(__file__).parent / "data" / "paradise_lost.txt"
CHARACTERS = "\n !\"$'()*,-.01234589:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Block(nn.Module):
    """Attention to what came before, then a perceptron, each added to its input."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        split = self.query_key_value(self.norm1(x)).reshape(batch, time, 3 * self.heads, width // self.heads)
        query, key, value = split.transpose(1, 2).chunk(3, dim=1)
        heads = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(heads.transpose(1, 2).reshape(batch, time, width))
        return x + nn.functional.dropout(self.perceptron(self.norm2(x)), self.dropout, self.training)


class GPT(nn.Module):
    """Gives, for each place of a text, the logits (batch, characters, places) of the character after it."""

    def __init__(self, context: int, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.context = context
        self.token, self.place = nn.Embedding(len(CHARACTERS), width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, len(CHARACTERS))

    def forward(self, text: Tensor) -> Tensor:
        x = self.token(text) + self.place(framework.arange(text.shape[1]))
        return self.head(self.norm(self.blocks(x))).transpose(1, 2)

    @framework.no_grad()
    def write(self, start: str, length: int, seed: int = 0) -> str:
        """Go on with a text, each character drawn by its probability."""
        generator = framework.Generator().manual_seed(seed)
        text = [CHARACTERS.index(character) for character in start]
        for _ in range(length):
            logits = self(framework.tensor([text[-self.context :]]))[0, :, -1]
            text.append(int(framework.multinomial(logits.softmax(0), 1, generator=generator).item()))
        return "".join(CHARACTERS[code] for code in text)


def model(context: int, width: int, heads: int, layers: int, dropout: float) -> GPT:
    return GPT(context, width, heads, layers, dropout)


def dataset(data: Path, context: int) -> TensorDataset:
    """Pieces of the text, one after the other, each with the characters that follow its own."""
    codes = framework.tensor([CHARACTERS.index(character) for character in data.read_text("utf-8")])
    if len(codes) <= context:
        raise UserError(
            f"{data} is too short: a piece of {context} characters and the one after it take {context + 1}, "
            f"and it has {len(codes)}."
        )
    pieces = codes.unfold(0, context + 1, context)
    return TensorDataset(pieces[:, :-1], pieces[:, 1:])


@hookimpl
def run_end(trainer: Trainer, status: str) -> None:
    """Writes some lines, when a run has finished."""
    if trainer.run is not None and status == "finished":
        print(trainer.model.eval().write("So spake", 300), "…", sep="")


def recipe(
    *,
    context: int = 64,
    width: int = 64,
    heads: int = 4,
    layers: int = 3,
    dropout: float = 0.1,
    lr: float = 0.005,
    batch_size: int = 32,
    epochs: int = 5,
    data: Path = DATA,
) -> Recipe:
    """Character-level GPT: writes after Milton's Paradise Lost."""
    network = model(context, width, heads, layers, dropout)
    pieces = dataset(data, context)
    first = len(pieces) * 9 // 10
    train = Subset(pieces, range(first))
    optimizer = optim.AdamW(network.parameters(), lr=lr, weight_decay=0.1)
    steps = epochs * -(-first // batch_size)
    return Recipe(
        model=network,
        loss=nn.CrossEntropyLoss(),
        optimizer=optimizer,
        scheduler=optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=steps + 1, pct_start=0.1),
        scheduler_every="step",
        train=train,
        validate=Subset(pieces, range(first, len(pieces))),
        batch_size=batch_size,
        epochs=epochs,
    )
