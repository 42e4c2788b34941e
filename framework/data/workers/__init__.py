"""Workers of a DataLoader: processes or threads that read batches ahead of those that are used."""

from framework.data.workers.info import WorkerInfo, get_worker_info

__all__ = ["WorkerInfo", "get_worker_info"]
