"""Makes fashion_mnist_small.npz: the first 600 training and 100 test images of each class of Fashion-MNIST.

python make_fashion_mnist_small.py FOLDER    # with the four idx.gz files of the whole set
"""

import sys
from pathlib import Path

import numpy as np

from framework.data import read_idx


def part(folder: Path, name: str, each: int) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz").numpy()
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz").numpy()
    kept = np.sort(np.concatenate([np.flatnonzero(labels == digit)[:each] for digit in range(10)]))
    return images[kept], labels[kept]


if __name__ == "__main__":
    train_images, train_labels = part(Path(sys.argv[1]), "train", 600)
    test_images, test_labels = part(Path(sys.argv[1]), "t10k", 100)
    np.savez_compressed(
        Path(__file__).parents[2] / "recipes" / "data" / "fashion_mnist_small.npz",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
