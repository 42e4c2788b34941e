"""Datasets, the order they are visited in, batches of them, and readers of files."""

from framework.data.collate import default_collate, default_convert
from framework.data.csv import CSVError, Table, read_csv
from framework.data.dataset import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from framework.data.loader import DataLoader
from framework.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler

__all__ = [
    "BatchSampler",
    "CSVError",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "Table",
    "TensorDataset",
    "default_collate",
    "default_convert",
    "random_split",
    "read_csv",
]
