"""Programs that save and load; what each prints is in serialization_transcripts.json."""

_START = """
import io, collections, os, tempfile

def again(value, **options):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, **options)
"""

PROGRAMS = {
    "values come back": _START
    + """
for value in [
    torch.arange(6.0).reshape(2, 3), torch.tensor(3), torch.ones(2, dtype=torch.bool), torch.ones(0, 3),
    nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True) * 2, torch.Size([1, 2]), torch.float16,
    torch.device("cpu"), torch.strided, 1, -1, 2**40, 1.5, True, None, "text", b"bytes", (1, (2, 3)), [1, [2]],
    {"a": {"b": torch.zeros(1)}}, {1, 2}, collections.OrderedDict(a=1), collections.Counter("aab"), 1 + 2j,
    torch.ones(2, dtype=torch.uint16), torch.arange(4).expand(2, 4), torch.arange(6).reshape(2, 3).t(),
]:
    back = again(value)
    print(type(back).__name__, back)
""",
    "views share their storage": _START
    + """
x = torch.arange(10.0)
a, b, c = again([x, x[2:5], x.view(2, 5).t()])
print(b.storage_offset(), c.stride(), b.untyped_storage().nbytes())
a[3] = -1
print(b, c)
print(a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr())
d, e = again([x, x])
print(d is e)
print(again(x[:2].clone()).untyped_storage().nbytes())
try:
    again([x, x.view(torch.int32)])
except RuntimeError as error:
    print(error)
""",
    "a training is resumed": _START
    + """
def parts():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    return net, optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

def train(net, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = net(torch.ones(2, 4)).pow(2).mean()
        loss.backward()
        optimizer.step()
    return round(loss.item(), 5)

net, optimizer = parts()
train(net, optimizer, 3)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pth")
    torch.save({"epoch": 3, "model": net.state_dict(), "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}, path)
    print(os.listdir(folder))
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
print(sorted(checkpoint), checkpoint["epoch"], list(checkpoint["model"]))
print(checkpoint["model"]._metadata)
other, its = parts()
print(other.load_state_dict(checkpoint["model"]))
its.load_state_dict(checkpoint["optimizer"])
torch.set_rng_state(checkpoint["rng"])
print(train(net, optimizer, 3) == train(other, its, 3))
""",
    "map_location": _START
    + """
x = {"a": torch.ones(2)}
for place in ["cpu", torch.device("cpu"), {"cpu": "cpu"}, {}, None, lambda storage, location: storage, lambda storage, location: None]:
    print(again(x, map_location=place))
again([x["a"], torch.ones(1)], map_location=lambda storage, location: print(storage.nbytes(), location))
try:
    again(x, map_location="cuda")
except RuntimeError as error:
    print(str(error)[-230:])
""",
    "the older form": _START
    + """
file = io.BytesIO()
x = torch.arange(6.0)
torch.save({"x": x, "view": x[1:3], "p": nn.Parameter(x)}, file, _use_new_zipfile_serialization=False)
file.seek(0)
print(file.getvalue()[:2] == b"PK")
back = torch.load(file)
print(back)
back["x"][1] = 7
print(back["view"])
""",
    "attributes": _START
    + """
p = nn.Parameter(torch.ones(1))
p.tag = {"lr": 0.1}
t = torch.zeros(1)
t.note = "kept"
print(again(p).tag, type(again(p)).__name__, again(t).note)
buffer = again(nn.Buffer(torch.ones(1)))
print(isinstance(buffer, nn.Buffer), buffer.persistent)
h = torch.ones(1, requires_grad=True)
h.register_hook(print)
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(again(h))
print("will not be serialized" in str(caught[0].message))
""",
    "safe globals": _START
    + """
add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals = [getattr(torch.serialization, name) for name in ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"]]
clear_safe_globals()
print(get_safe_globals())
add_safe_globals([collections.deque])
print(get_safe_globals())
with safe_globals([collections.ChainMap]):
    print(len(get_safe_globals()))
print(get_safe_globals())
clear_safe_globals()
print(get_safe_globals())
file = io.BytesIO()
torch.save({"a": torch.ones(1)}, file)
file.seek(0)
print(torch.serialization.get_unsafe_globals_in_checkpoint(file))
print(torch.serialization.get_default_load_endianness(), torch.serialization.LoadEndianness.BIG)
torch.serialization.set_default_load_endianness(torch.serialization.LoadEndianness.LITTLE)
print(torch.serialization.get_default_load_endianness())
torch.serialization.set_default_load_endianness(None)
attempt(torch.serialization.set_default_load_endianness, 1)
print(torch.serialization.location_tag(torch.ones(1).untyped_storage()))
print(torch.serialization.default_restore_location(torch.ones(1).untyped_storage(), "cpu").nbytes())
print(issubclass(torch.serialization.SourceChangeWarning, Warning))
""",
    "what is refused": _START
    + """
attempt(torch.save, 1, 5)
attempt(torch.save, 1, "/no/such/folder/x.pt")
attempt(torch.load, "/no/such/file.pt")
attempt(torch.load, 5)
attempt(torch.save, torch.ones(1), io.BytesIO(), pickle_protocol=9)
file = io.BytesIO()
torch.save(torch.ones(1), file)
file.seek(0)
attempt(torch.load, file, mmap=True)
""",
    "from_file": _START
    + """
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "numbers")
    shared = torch.from_file(path, shared=True, size=4)
    shared += torch.arange(4.0)
    print(os.path.getsize(path), torch.from_file(path, size=4), torch.from_file(path, False, 2, dtype=torch.float64))
    own = torch.from_file(path, size=2, requires_grad=True)
    with torch.no_grad():
        own += 5
    print(own, torch.from_file(path, size=3), torch.from_file(path))
    torch.from_file(path, shared=True, size=6)
    print(os.path.getsize(path))
    for options in [dict(size=7), dict(size=-1), dict(size=2.5)]:
        try:
            torch.from_file(path, **options)
        except Exception as error:
            print(type(error).__name__, str(error).replace(path, "PATH"))
attempt(torch.from_file, "/no/such/file", size=1)
attempt(torch.from_file, 5, size=1)
""",
    "storages": _START
    + """
import warnings
warnings.simplefilter("ignore")
s = again(torch.arange(3.0).untyped_storage())
print(s.nbytes())
s = again(torch.arange(3.0).storage())
print(len(s), list(s))
""",
}
