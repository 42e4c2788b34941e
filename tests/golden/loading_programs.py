"""Programs with workers, streams and datasets made of others; what each prints is in loading_transcripts.json."""

_START = """
import functools, random
import numpy as np
def after(g=None):
    print("after", torch.randint(0, 10**6, (2,)).tolist(), None if g is None else torch.randint(0, 10**6, (2,), generator=g).tolist())
def loader(dataset, *args, **options):
    import warnings
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        if options.get("num_workers"):
            options.setdefault("multiprocessing_context", "fork")
        return data.DataLoader(dataset, *args, **options)
def batches(loader):
    import warnings
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        return iter(loader)
def plain(batch):
    if isinstance(batch, torch.Tensor):
        return batch.tolist()
    return [plain(each) for each in batch] if isinstance(batch, (list, tuple)) else batch
class Numbers(data.Dataset):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        info = data.get_worker_info()
        return i, -1 if info is None else info.id
class Drawn(Numbers):
    def __getitem__(self, i):
        return torch.randint(0, 1000, (2,)), np.random.randint(1000), random.randrange(1000), i
class Stream(data.IterableDataset):
    def __init__(self, n, length=None):
        self.n, self.length = n, length
    def __len__(self):
        return self.length
    def __iter__(self):
        info = data.get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(start, self.n, step))
"""

PROGRAMS = {
    name: _START + program
    for name, program in {
        "workers keep the order": """
for n, batch, drop in [(11, 3, False), (11, 3, True), (0, 2, False), (1, 4, False)]:
    for workers in (0, 1, 3):
        torch.manual_seed(3)
        l = loader(Numbers(n), batch, shuffle=n > 0, drop_last=drop, num_workers=workers)
        print(n, batch, drop, workers, len(l), [plain(b) for b in batches(l)])
        after()
g = torch.Generator(); g.manual_seed(7)
l = loader(data.TensorDataset(torch.arange(12), torch.arange(24.).reshape(12, 2)), 5, shuffle=True, num_workers=2, generator=g, prefetch_factor=1)
for epoch in range(2):
    print([plain(b) for b in batches(l)])
    after(g)
it = batches(l)
print(plain(next(it)), len(it))
after(g)
print([plain(b) for b in batches(loader(data.Subset(Numbers(9), [8, 1, 5]), 2, num_workers=2))])
print([plain(b) for b in batches(loader(Numbers(4), batch_size=None, num_workers=2))])
print([plain(b) for b in batches(loader(Numbers(9), batch_sampler=[[0, 8], [3], [2, 2]], num_workers=2))])
""",
        "workers draw their own numbers": """
for workers in (1, 2):
    for seed in (0, 5):
        torch.manual_seed(seed)
        print([plain(b) for b in batches(loader(Drawn(6), 2, num_workers=workers))])
        after()
torch.manual_seed(1)
seen = []
def start(worker):
    info = data.get_worker_info()
    torch.manual_seed(info.seed % 1000 + worker)
    random.seed(worker)
print([plain(b) for b in batches(loader(Drawn(6), 2, num_workers=2, worker_init_fn=start))])
class Info(Numbers):
    def __getitem__(self, i):
        info = data.get_worker_info()
        return info.id, info.num_workers, info.seed, info.dataset is self, info.worker_method, str(info.rng)
torch.manual_seed(2)
print([plain(b) for b in batches(loader(Info(3), num_workers=2))], data.get_worker_info())
""",
        "persistent workers": """
for n in (7, 8):
    torch.manual_seed(4)
    l = loader(Drawn(n), 2, shuffle=True, num_workers=2, persistent_workers=True)
    for epoch in range(3):
        it = batches(l)
        for i, b in enumerate(it):
            print(plain(b))
        after()
l = loader(Numbers(12), 2, num_workers=2, persistent_workers=True, prefetch_factor=3)
first = batches(l)
print(plain(next(first)))
second = batches(l)
print(first is second, [plain(b) for b in second])
attempt(setattr, l, "persistent_workers", False)
l = loader(Stream(5), 2, num_workers=2, persistent_workers=True)
print([[plain(b) for b in batches(l)] for epoch in range(2)])
""",
        "errors of workers": """
class Bad(Numbers):
    def __init__(self, n, error):
        super().__init__(n); self.error = error
    def __getitem__(self, i):
        if i == 3:
            raise self.error
        return i
for error in (ValueError("three"), KeyError("three"), IndexError(), AssertionError("x\\ny"), OSError(2, "No such file"), UnicodeDecodeError("utf-8", b"a", 0, 1, "odd")):
    it = batches(loader(Bad(8, error), 2, num_workers=2))
    for i in range(6):
        try:
            print(plain(next(it)))
        except StopIteration:
            break
        except Exception as caught:
            lines = str(caught).splitlines()
            print(type(caught).__name__, lines[:2], lines[-2:], type(caught.__cause__))
def refuse(worker):
    raise RuntimeError(f"not {worker}")
try:
    next(batches(loader(Numbers(4), num_workers=1, worker_init_fn=refuse)))
except RuntimeError as caught:
    print(str(caught).splitlines()[0], str(caught).splitlines()[-1])
class Fails(data.IterableDataset):
    def __iter__(self):
        yield 1
        raise ValueError("in the stream")
it = batches(loader(Fails(), num_workers=1))
print(plain(next(it)))
try:
    next(it)
except ValueError as caught:
    print(str(caught).splitlines()[0], str(caught).splitlines()[-1])
attempt(lambda: list(batches(loader(Numbers(3), num_workers=1, prefetch_factor=0))))
attempt(lambda: iter(loader(Numbers(3), timeout=3)))
for options in [dict(prefetch_factor=-1), dict(multiprocessing_context="spoon"), dict(multiprocessing_context=3)]:
    attempt(lambda: loader(Numbers(3), num_workers=1, **options))
l = loader(Numbers(3), num_workers=1, timeout=60)
print(l.timeout, l.prefetch_factor, l.persistent_workers, l.in_order, l.worker_init_fn, loader(Numbers(3)).prefetch_factor, loader(Numbers(3)).multiprocessing_context)
print([plain(b) for b in batches(l)])
try:
    import pickle
    pickle.dumps(iter(loader(Numbers(3))))
except NotImplementedError as caught:
    print(caught.args[0])
""",
        "streams": """
for n in (0, 1, 5, 6):
    for batch in (1, 2, None):
        for drop in (False, True)[:1 if batch is None else 2]:
            for workers in (0, 2):
                print(n, batch, drop, workers, [plain(b) for b in batches(loader(Stream(n), batch, drop_last=drop, num_workers=workers))])
for length, batch, drop in [(5, 2, False), (5, 2, True), (5, None, False), (6, 2, False)]:
    l = loader(Stream(6, length), batch, drop_last=drop)
    print(len(l), type(l.sampler).__mro__[1].__name__, l.batch_size)
attempt(lambda: len(loader(Stream(6), 2)))
for options in [dict(shuffle=True), dict(sampler=[1]), dict(batch_sampler=[[1]])]:
    attempt(lambda: data.DataLoader(Stream(3), **options))
data.DataLoader(Stream(3), shuffle=False)
torch.manual_seed(0)
list(loader(Stream(3)))
after()
chain = Stream(3, 3) + data.ChainDataset([Stream(2, 2)])
print(list(chain), len(chain), [plain(b) for b in batches(loader(chain, 4))])
attempt(lambda: list(data.ChainDataset([Stream(2), [3]])))
attempt(lambda: len(data.ChainDataset([[3]])))
try:
    data.IterableDataset()
except TypeError as caught:
    print(str(caught)[:50])
""",
        "a stream longer than it said": """
import warnings
class Named(Stream):
    def __repr__(self):
        return "Named()"
l = loader(Named(4, 2), batch_size=None)
print(len(l), [plain(b) for b in l])
l = loader(Named(4, 3), batch_size=None, num_workers=1)
print(len(l))
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "This DataLoader will create")
    print([plain(b) for b in l])
""",
        "datasets made of others": """
x = data.TensorDataset(torch.arange(4), torch.arange(4.) * 2)
class Many(Numbers):
    def __getitems__(self, indices):
        return [(i, 100) for i in indices]
s = data.StackDataset(x, Numbers(4), Many(4))
print(len(s), s[1], s[-1], s.__getitems__([0, 3]))
s = data.StackDataset(a=x, b=Many(4))
print(len(s), s[1], s.__getitems__([0, 3]))
for b in loader(s, 3, num_workers=0):
    print(b)
print([plain(b) for b in loader(data.StackDataset(Numbers(3), [5, 6, 7]), 2)])
attempt(data.StackDataset)
attempt(data.StackDataset, x, Numbers(3))
attempt(lambda: data.StackDataset(a=x, b=Numbers(3)))
attempt(lambda: data.StackDataset(x, b=x))
class Short(Many):
    def __getitems__(self, indices):
        return [0]
attempt(data.StackDataset(x, Short(4)).__getitems__, [0, 1])
attempt(data.StackDataset(a=Short(4)).__getitems__, [0, 1])
c = data.ConcatDataset([Numbers(2), Numbers(0), Numbers(3)])
print(len(c), c.cumulative_sizes, c.cummulative_sizes, [c[i] for i in range(-5, 5)])
attempt(lambda: c[-6]); refused(lambda: c[5] and Numbers(1)[5] and [][0])
attempt(data.ConcatDataset, [])
attempt(data.ConcatDataset, [Stream(3)])
print(len(Numbers(2) + Numbers(3) + Numbers(1)), type(Numbers(2) + Numbers(3)).__name__, type(Stream(2) + Stream(1)).__name__)
print(data.Subset(c, [4, 0])[[0]] if False else data.Subset(c, [4, 0])[1])
""",
        "samplers with weights and shares": """
torch.manual_seed(0)
print(list(data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, replacement=True)))
print(list(data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False)))
g = torch.Generator(); g.manual_seed(3)
s = data.WeightedRandomSampler(torch.tensor([1, 2, 3]), 4, generator=g)
print(list(s), list(s), len(s), s.weights)
attempt(lambda: list(data.WeightedRandomSampler([0.5, 0.5], 3, replacement=False)))
attempt(lambda: list(data.WeightedRandomSampler([0.5, -0.5], 3)))
attempt(data.WeightedRandomSampler, [[1.0]], 2)
attempt(data.WeightedRandomSampler, [1.0], 0)
attempt(data.WeightedRandomSampler, [1.0], True)
attempt(data.WeightedRandomSampler, [1.0], 2, replacement=1)
print(list(data.SubsetRandomSampler([5, 3, 9])), list(data.SubsetRandomSampler("abc", generator=g)), list(data.SubsetRandomSampler([])))
for n in (0, 1, 2, 7, 8):
    for replicas in (1, 2, 3, 5):
        for drop in (False, True):
            shares = [data.distributed.DistributedSampler(range(n), replicas, rank, shuffle=False, drop_last=drop) for rank in range(replicas)]
            print(n, replicas, drop, [list(s) for s in shares], len(shares[0]))
s = data.distributed.DistributedSampler(range(7), 2, 1, seed=3)
print(list(s), list(s))
s.set_epoch(2)
print(list(s), list(data.DistributedSampler(range(7), 2, 0, seed=5)))
attempt(data.DistributedSampler, range(3), 2, 2)
attempt(data.DistributedSampler, range(3), 2, -1)
try:
    data.Sampler().__iter__()
except NotImplementedError:
    print("NotImplementedError")
""",
        "indices of all kinds": """
import warnings
warnings.filterwarnings("ignore", "Using a non-tuple sequence")
d = data.TensorDataset(torch.arange(10), torch.arange(20).reshape(10, 2))
def told(make):
    try:
        print([plain(b) for b in make()])
    except Exception as caught:
        print(type(caught).__name__, str(caught).splitlines()[0])
torch.manual_seed(0)
for indices in (torch.tensor([3, 1, 2]), np.array([3, 1]), range(2, 5), (1, 2), [True, False], [np.int64(2)], [torch.tensor(1)],
                torch.tensor([1, 2], dtype=torch.int32), [-1], [10], [1.5], [], "ab"):
    told(lambda: data.DataLoader(data.Subset(d, indices), 2))
    told(lambda: [data.Subset(d, indices)[0]])
for batch in ([], [1, -11], torch.tensor([1, 2]), [torch.tensor(1), torch.tensor(2)], np.array([1, 2]), (1, 2), range(3), [10], ["a"], [1.5],
              [True, False], [slice(0, 2)], [[1, 2]], 3, [None], [np.int8(3)], iter([1, 2])):
    told(lambda: data.DataLoader(d, batch_sampler=[[1], batch]))
told(lambda: data.DataLoader(d, sampler=data.BatchSampler(data.SequentialSampler(d), 4, False), batch_size=None))
told(lambda: data.DataLoader(d, sampler=torch.tensor([1, 2, 3]), batch_size=2))
told(lambda: data.DataLoader(d, sampler=(i for i in range(5)), batch_size=2))
told(lambda: data.DataLoader(d, sampler=["a"], batch_size=2))
told(lambda: data.DataLoader(torch.arange(6).reshape(3, 2), batch_size=2, shuffle=True))
told(lambda: data.DataLoader(np.arange(6).reshape(3, 2), batch_size=2))
told(lambda: data.DataLoader({0: 1, 1: 5}, batch_size=2))
told(lambda: data.random_split(range(5), [3, 3]))
told(lambda: data.random_split(range(5), []))
""",
        "old paths": """
names = {"dataset": ["Dataset", "TensorDataset", "random_split"], "sampler": ["Sampler", "BatchSampler", "WeightedRandomSampler"],
         "dataloader": ["DataLoader", "default_collate"], "distributed": ["DistributedSampler"]}
for module, wanted in names.items():
    print(module, [hasattr(room(f"utils.data.{module}"), name) for name in wanted], hasattr(data, module))
class Loader(data.DataLoader):
    def __init__(self, dataset, **options):
        self.dataset = dataset
        super().__init__(dataset, **options)
l = Loader(Numbers(4), batch_size=2)
attempt(setattr, l, "dataset", 3)
print([plain(b) for b in l], l._auto_collation, type(l._index_sampler).__name__, l._iterator)
""",
    }.items()
}
