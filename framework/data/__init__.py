"""Datasets, the order they are visited in, batches of them, and readers of files."""

from framework.data.arrays import read_npy, read_npz
from framework.data.collate import default_collate, default_convert
from framework.data.combining import ChainDataset, ConcatDataset, StackDataset
from framework.data.csv import CSVError, Table, read_csv
from framework.data.dataset import Dataset, IterableDataset, TensorDataset
from framework.data.distributed import DistributedSampler
from framework.data.files import DataError
from framework.data.idx import read_idx
from framework.data.loader import DataLoader
from framework.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from framework.data.splitting import Subset, random_split
from framework.data.text import TextLines, read_text
from framework.data.workers import get_worker_info

__all__ = [
    "BatchSampler",
    "CSVError",
    "ChainDataset",
    "ConcatDataset",
    "DataError",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "Table",
    "TensorDataset",
    "TextLines",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
    "read_csv",
    "read_idx",
    "read_npy",
    "read_npz",
    "read_text",
]
