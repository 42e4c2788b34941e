"""Programs that use `torch.utils.data`; what each prints is in data_transcripts.json."""

_AFTER = """
def after(g=None):
    print("after", torch.randint(0, 10**6, (2,)).tolist(), None if g is None else torch.randint(0, 10**6, (2,), generator=g).tolist())
"""

PROGRAMS = {
    "samplers": _AFTER
    + """
for seed in (0, 7):
    torch.manual_seed(seed)
    print(list(data.SequentialSampler(range(5))))
    print(list(data.RandomSampler(range(10))), list(data.RandomSampler(range(10))))
    after()
    g = torch.Generator(); g.manual_seed(seed)
    s = data.RandomSampler(range(7), generator=g)
    print(list(s), list(s), len(s))
    after(g)
    print(list(data.RandomSampler(range(5), num_samples=13, generator=g)))
    after(g)
    print(list(data.RandomSampler(range(5), num_samples=3)))
    print(list(data.RandomSampler(range(5), replacement=True)))
    print(list(data.RandomSampler(range(5), replacement=True, num_samples=70, generator=g)))
    print(list(data.RandomSampler(range(5), replacement=True, num_samples=64, generator=g)))
    after(g)
""",
    "batch sampler": """
for n in (0, 1, 5, 6, 7):
    for drop in (False, True):
        s = data.BatchSampler(data.SequentialSampler(range(n)), 3, drop)
        print(n, drop, list(s), len(s))
print(list(data.BatchSampler(iter("abcde"), 2, False)))
torch.manual_seed(1)
print(list(data.BatchSampler(data.RandomSampler(range(5), num_samples=12), 4, False)))
attempt(data.BatchSampler, range(3), 0, False)
attempt(data.BatchSampler, range(3), True, False)
attempt(data.BatchSampler, range(3), 2, 1)
attempt(data.RandomSampler, range(3), replacement=1)
attempt(data.RandomSampler, range(3), num_samples=0)
attempt(data.RandomSampler, range(3), num_samples=2.5)
attempt(data.RandomSampler, [])
""",
    "random_split": _AFTER
    + """
for lengths in ([3, 7], [0.3, 0.7], [0.5, 0.25, 0.25], [1.0], [10], [0, 10]):
    torch.manual_seed(2)
    parts = data.random_split(range(10), lengths)
    print([list(p) for p in parts], [len(p) for p in parts], [p.indices for p in parts])
    after()
g = torch.Generator(); g.manual_seed(42)
print([list(p) for p in data.random_split(range(11), [0.3, 0.3, 0.4], generator=g)])
after(g)
try:
    data.random_split(range(10), [3, 3])
except ValueError as error:
    print(str(error)[:68])
attempt(data.random_split, range(10), [1.5, -0.5])
print([len(p) for p in data.random_split(range(2), [0.1, 0.9])])
print([len(p) for p in data.random_split(range(1), [0.5, 0.5])])
""",
    "tensor dataset": """
x, y = torch.arange(12.).reshape(6, 2), torch.arange(6)
d = data.TensorDataset(x, y)
print(len(d), d[1], d[-1], d[1:3], d[[0, 2]], d.tensors[0] is x)
attempt(data.TensorDataset, x, torch.ones(5))
s = data.Subset(d, [4, 2, 0])
print(len(s), s[0], s[[0, 2]], s.__getitems__([1, 2]))
attempt(lambda: data.Subset(s, [1])[0])
class Own(data.Subset):
    def __getitem__(self, i):
        return -1
try:
    Own(d, [0])
except NotImplementedError as error:
    print(str(error)[:46])
class Empty(data.Dataset):
    pass
attempt(lambda: Empty()[0])
attempt(lambda: len(Empty()))
""",
    "loader orders": _AFTER
    + """
for n, batch, drop in [(10, 3, False), (10, 3, True), (9, 3, False), (4, 8, False), (4, 8, True), (1, 1, False)]:
    d = data.TensorDataset(torch.arange(n), torch.arange(float(n)).reshape(n, 1) * 10)
    for shuffle in (False, True):
        torch.manual_seed(3)
        loader = data.DataLoader(d, batch_size=batch, shuffle=shuffle, drop_last=drop)
        print(n, batch, drop, shuffle, len(loader))
        for epoch in range(2):
            print([[t.tolist() for t in b] for b in loader])
        after()
        g = torch.Generator(); g.manual_seed(5)
        loader = data.DataLoader(d, batch_size=batch, shuffle=shuffle, drop_last=drop, generator=g)
        for epoch in range(2):
            print([b[0].tolist() for b in loader])
        after(g)
        it = iter(loader)
        after(g)
        attempt(lambda: next(it)[0].tolist())
        after(g)
""",
    "loader draws in step": """
d = data.TensorDataset(torch.arange(6))
for drop in (False, True):
    for batch in (2, 4):
        torch.manual_seed(0)
        g = torch.Generator(); g.manual_seed(1)
        trace = []
        for (b,) in data.DataLoader(d, batch, shuffle=True, drop_last=drop, generator=g):
            trace.append((b.tolist(), torch.randint(0, 1000, (1,), generator=g).item(), torch.randint(0, 1000, (1,)).item()))
        print(trace, torch.randint(0, 1000, (1,), generator=g).item())
""",
    "loader kinds": """
torch.manual_seed(0)
x, y = torch.arange(12.).reshape(6, 2), torch.arange(6)
d = data.TensorDataset(x, y)
def show(loader):
    for b in loader:
        print(type(b).__name__, b)
show(data.DataLoader(d, 4))
show(data.DataLoader(data.Subset(d, [5, 1, 3]), 2))
show(data.DataLoader(data.Subset(data.Subset(d, [5, 1, 3]), [2, 0]), 2, shuffle=True))
show(data.DataLoader(d, batch_size=None))
show(data.DataLoader(d, batch_size=None, shuffle=True, sampler=None))
show(data.DataLoader(d, 3, sampler=[5, 0, 0, -1]))
show(data.DataLoader(d, batch_sampler=[[0, 1], [2], [3, 4, 5]]))
show(data.DataLoader(d, 4, collate_fn=lambda samples: len(samples)))
show(data.DataLoader(d, 2, collate_fn=data.default_collate))
class Squares(data.Dataset):
    def __len__(self):
        return 5
    def __getitem__(self, i):
        return {"i": i, "square": float(i * i), "name": str(i), "pair": (i, torch.ones(2) * i)}
show(data.DataLoader(Squares(), 2, shuffle=True))
show(data.DataLoader(list(range(5)), 2))
show(data.DataLoader(range(5), batch_size=None))
class Doubled(data.TensorDataset):
    def __getitem__(self, i):
        return tuple(t * 2 for t in super().__getitem__(i))
show(data.DataLoader(Doubled(x, y), 4))
show(data.DataLoader(data.Subset(Doubled(x, y), [1, 2]), 4))
class Many(data.Dataset):
    def __len__(self):
        return 4
    def __getitems__(self, indices):
        return [i * 100 for i in indices]
show(data.DataLoader(Many(), 3))
""",
    "loader attributes": """
d = data.TensorDataset(torch.arange(6))
loader = data.DataLoader(d, 4, shuffle=True)
print(len(loader), loader.batch_size, loader.drop_last, loader.num_workers, type(loader.sampler).__name__,
      type(loader.batch_sampler).__name__, loader.dataset is d, loader.generator, len(iter(loader)))
for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset"):
    attempt(setattr, loader, name, 3)
loader.collate_fn = len
print(list(loader))
print(len(data.DataLoader(d, batch_size=None)), data.DataLoader(d, batch_sampler=[[1]]).batch_size)
""",
    "loader errors": """
d = data.TensorDataset(torch.arange(6))
for kwargs in [dict(num_workers=-1), dict(timeout=-1), dict(prefetch_factor=2), dict(persistent_workers=True),
               dict(shuffle=True, sampler=[1]), dict(batch_sampler=[[1]], batch_size=2),
               dict(batch_sampler=[[1]], drop_last=True), dict(batch_size=None, drop_last=True),
               dict(batch_size=0), dict(batch_size=2.5), dict(drop_last=3),
               dict(multiprocessing_context="fork")]:
    attempt(data.DataLoader, d, **kwargs)
attempt(lambda: data.DataLoader([], shuffle=True))
print(list(data.DataLoader([])))
attempt(lambda: next(iter(data.DataLoader(d, sampler=[9]))))
""",
    "collate": """
import numpy as np
from collections import namedtuple, OrderedDict, UserDict
Point = namedtuple("Point", "x y")
for batch in [
    [1, 2], [1.5, 2.0], [True, False], ["a", "b"], [b"a", b"b"], [torch.ones(2), torch.zeros(2)],
    [np.ones(2, dtype=np.float32), np.zeros(2, dtype=np.float32)], [np.float32(1), np.float32(2)],
    [np.int64(3)], [(1, 2.0), (3, 4.0)], [[1, 2], [3, 4]], [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}],
    [Point(1, 2), Point(3, 4)], [OrderedDict(a=1), OrderedDict(a=2)], [{"x": {"y": "z"}}],
]:
    result = data.default_collate(batch)
    # Python 3.12 shows an OrderedDict otherwise.
    shown = dict(result) if isinstance(result, dict) else result
    print(type(result).__name__, shown, getattr(result, "dtype", None))
attempt(data.default_collate, [[1, 2], [3]])
attempt(data.default_collate, [(1,), (2, 3)])
attempt(data.default_collate, [None, None])
attempt(data.default_collate, [{1, 2}])
attempt(data.default_collate, [np.array(["a"])])
attempt(data.default_collate, [torch.ones(2), torch.ones(3)])
for value in [3, "a", np.ones(2), np.float64(2.0), [np.zeros(1), 3], {"a": np.ones(1)}, (1, np.ones(1)),
              Point(1, np.array(0)), None]:
    print(type(data.default_convert(value)).__name__, data.default_convert(value))
""",
    "large shuffle": _AFTER
    + """
torch.manual_seed(123)
order = torch.cat([b for (b,) in data.DataLoader(data.TensorDataset(torch.arange(5000)), 64, shuffle=True)])
print(order[:20].tolist(), order[-20:].tolist(), (order * torch.arange(5000)).sum().item())
after()
""",
}
