"""Programs that use recurrent layers and packed sequences; what each prints is in recurrent_transcripts.json."""

# Numbers are rounded, since those of float32 differ in their last digits.
_SHOW = """
def near(each):
    return None if each is None else (each.detach() * 100).round() / 100 + 0.0
def show(*tensors):
    for each in tensors:
        print(near(each), type(each.grad_fn).__name__)
def train(module, *inputs):
    out, state = module(*inputs)
    states = state if isinstance(state, tuple) else (state,)
    ((out * torch.arange(out.numel()).sin().reshape(out.shape)).sum() + sum((each ** 2).sum() for each in states)).backward()
    show(out, *states, *[each.grad for each in module.parameters()])
    show(*[each.grad for each in inputs if isinstance(each, torch.Tensor) and each.requires_grad])
"""

PROGRAMS = {
    "reprs and parameters": """
torch.manual_seed(0)
for module in [
    nn.RNN(3, 2), nn.RNN(3, 2, 2, "relu", bias=False), nn.LSTM(3, 2, 2, batch_first=True, dropout=0.5, bidirectional=True),
    nn.LSTM(3, 4, proj_size=2), nn.GRU(3, 2, bidirectional=True), nn.RNNCell(3, 2, nonlinearity="relu"),
    nn.LSTMCell(3, 2, bias=False), nn.GRUCell(3, 2),
]:
    print(module)
    for name, parameter in module.named_parameters():
        print(name, list(parameter.shape), parameter.sum())
print(torch.rand(1))
lstm = nn.LSTM(3, 2)
print([[each is getattr(lstm, name) for each, name in zip(*pair)] for pair in zip(lstm.all_weights, lstm._all_weights)])
print(lstm.flatten_parameters(), lstm.mode, lstm.proj_size, lstm.state_dict().keys())
print(nn.RNN(2, 2, nonlinearity="relu").nonlinearity, nn.LSTM(2, 2, dtype=torch.float64)(torch.ones(1, 1, 2).double())[0].dtype)
""",
    "a layer": _SHOW
    + """
torch.manual_seed(1)
for module in [nn.RNN(3, 2), nn.RNN(3, 2, nonlinearity="relu", bias=False), nn.LSTM(3, 2), nn.GRU(3, 2), nn.GRU(3, 2, bias=False)]:
    train(module, torch.randn(4, 2, 3, requires_grad=True))
train(nn.LSTM(3, 3, proj_size=2, dtype=torch.float64), torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True))
""",
    "first states, batch first, unbatched": _SHOW
    + """
torch.manual_seed(2)
train(nn.GRU(3, 2, batch_first=True), torch.randn(2, 4, 3, requires_grad=True), torch.randn(1, 2, 2, requires_grad=True))
train(nn.RNN(3, 2), torch.randn(4, 3, requires_grad=True), torch.randn(1, 2, requires_grad=True))
lstm = nn.LSTM(3, 2, batch_first=True)
h, c = torch.randn(1, 2, 2, requires_grad=True), torch.randn(1, 2, 2, requires_grad=True)
train(lstm, torch.randn(2, 3, 3), (h, c))
show(h.grad, c.grad)
print([tuple(each.shape) for each in (lstm(torch.randn(5, 3))[0], *lstm(torch.randn(5, 3))[1])])
""",
    "several layers and both directions, with dropout": _SHOW
    + """
torch.manual_seed(3)
for kind in (nn.RNN, nn.LSTM, nn.GRU):
    train(kind(2, 2, 2, bidirectional=True, dropout=0.4), torch.randn(3, 2, 2))
show(nn.LSTM(2, 2, 2, dropout=0.9).eval()(torch.ones(2, 1, 2))[0], torch.rand(1))
""",
    "packed sequences": _SHOW
    + """
rnn = nn.utils.rnn
torch.manual_seed(4)
x = torch.randn(4, 3, 2, requires_grad=True)
for lengths, options in [([4, 3, 1], {}), (torch.tensor([1, 4, 2]), {"enforce_sorted": False})]:
    print(rnn.pack_padded_sequence(x, lengths, **options))
    for module in [nn.LSTM(2, 2, 2, bidirectional=True), nn.GRU(2, 2), nn.RNN(2, 2, bidirectional=True)]:
        packed = rnn.pack_padded_sequence(x, lengths, **options)
        out, state = module(packed)
        padded, counts = rnn.pad_packed_sequence(out, batch_first=True, padding_value=9.0, total_length=5)
        show(padded, counts, *(state if isinstance(state, tuple) else (state,)))
        x.grad = None
        (padded * torch.arange(padded.numel()).sin().reshape(padded.shape)).sum().backward()
        show(x.grad, *[each.grad for each in module.parameters()])
print(rnn.pad_sequence([torch.ones(2, 1), torch.zeros(1, 1)], True, -1.0), rnn.pad_sequence([torch.ones(2), torch.zeros(3)], padding_side="left"))
print(rnn.pack_sequence([torch.ones(2), torch.zeros(1)]), rnn.unpack_sequence(rnn.pack_sequence([torch.ones(2), torch.zeros(3)], False)))
print(rnn.unpad_sequence(torch.arange(6).reshape(3, 2), torch.tensor([3, 1])), rnn.invert_permutation(torch.tensor([2, 0, 1])))
packed = rnn.pack_sequence([torch.ones(2)])
print(packed.double().data.dtype, packed.int().data.dtype, packed.to(torch.float32) is packed, packed.is_cuda, packed.cpu() is packed)
attempt(rnn.pack_padded_sequence, x, [1, 2, 3])
attempt(rnn.pack_padded_sequence, x, [3, 2])
attempt(rnn.pack_padded_sequence, x, [3, 2, 0])
attempt(rnn.pad_packed_sequence, packed, total_length=1)
attempt(rnn.pad_sequence, [])
attempt(rnn.pad_sequence, 3)
attempt(rnn.pad_sequence, [torch.ones(1)], padding_side="top")
""",
    "cells": _SHOW
    + """
torch.manual_seed(5)
x = torch.randn(2, 3, requires_grad=True)
for module in [nn.RNNCell(3, 2), nn.RNNCell(3, 2, nonlinearity="relu"), nn.GRUCell(3, 2), nn.GRUCell(3, 2, bias=False)]:
    h = module(x)
    show(h, module(x, h), module(x[0]), module(x[0], h[0]))
    module(x, h).square().sum().backward()
    show(*[each.grad for each in module.parameters()], x.grad)
module = nn.LSTMCell(3, 2)
h, c = module(x)
show(h, c, *module(x, (h, c)), *module(x[0]), *module(x[0], (h[0], c[0])))
(h * c).sum().backward()
show(*[each.grad for each in module.parameters()], x.grad)
attempt(module, torch.ones(1, 1, 3))
attempt(module, torch.ones(2, 4))
attempt(module, x, (h[:1], c))
attempt(nn.GRUCell(3, 2), x, h[:, :1])
attempt(nn.RNNCell(3, 2, nonlinearity="sin"), x)
""",
    "functions": _SHOW
    + """
torch.manual_seed(6)
x, h = torch.randn(3, 2, 3), torch.randn(1, 2, 2)
weights = list(nn.LSTM(3, 2).parameters())
show(*torch.lstm(x, (h, h), weights, True, 1, 0.0, True, False, False))
show(*torch.lstm(x.flatten(0, 1)[:5], torch.tensor([2, 2, 1]), (h, h), weights, True, 1, 0.0, True, False))
show(*torch.lstm_cell(x[0], (h[0], h[0]), *weights), *torch.lstm_cell(x[0], (h[0], h[0]), *weights[:2]))
weights = list(nn.GRU(3, 2).parameters())
show(*torch.gru(x, h, weights, True, 1, 0.0, False, False, False), torch.gru_cell(x[0], h[0], *weights))
weights = list(nn.RNN(3, 2).parameters())
show(*torch.rnn_tanh(x, h, weights, True, 1, 0.0, False, False, False), torch.rnn_tanh_cell(x[0], h[0], *weights))
show(*torch.rnn_relu(x, h, weights[:2], False, 1, 0.0, False, False, False), torch.rnn_relu_cell(x[0], h[0], *weights))
attempt(torch.lstm, x, (h,), weights, True, 1, 0.0, True, False, False)
refused(torch.gru, x, h)
""",
    "what is refused": """
x = torch.ones(2, 1, 3)
for arguments, options in [
    ((3, 2, 1, True, False, 2.0), {}), ((3, 2), {"dropout": True}), ((3, 2), {"bias": 1}), ((3, 2), {"batch_first": 1}),
    ((3.0, 2), {}), ((3, 2.0), {}), ((0, 2), {}), ((3, 0), {}), ((3, 2, 0), {}), ((3, 2), {"proj_size": -1}),
    ((3, 2), {"proj_size": 2}), ((3, 2), {"dropout": 0.5}), ((3, 2), {"unknown": 1}),
]:
    attempt(nn.LSTM, *arguments, **options)
attempt(nn.GRU, 3, 2, proj_size=1)
attempt(nn.RNN, 3, 2, proj_size=1)
attempt(nn.RNN, 3, 2, nonlinearity="sin")
for module in [nn.RNN(3, 2), nn.LSTM(3, 2), nn.GRU(3, 2)]:
    attempt(module, torch.ones(3))
    attempt(module, torch.ones(2, 1, 4))
    attempt(module, x.double())
    attempt(module, torch.ones(0, 1, 3))
    wrong = torch.ones(1, 2, 2)
    attempt(module, x, (wrong, wrong) if isinstance(module, nn.LSTM) else wrong)
    attempt(module, x, (wrong[0], wrong[0]) if isinstance(module, nn.LSTM) else wrong[0])
    attempt(module, x[0], (wrong, wrong) if isinstance(module, nn.LSTM) else wrong)
""",
    "written to afterwards": """
for kind in (nn.RNN, nn.GRU, nn.LSTM):
    out, _ = kind(2, 2)(torch.ones(2, 1, 2))
    out += 1
    refused(out.sum().backward)
""",
    "second derivatives": """
torch.manual_seed(7)
for module in [nn.RNN(2, 2, dtype=torch.float64), nn.LSTM(2, 2, 2, dtype=torch.float64), nn.GRU(2, 2, bidirectional=True, dtype=torch.float64)]:
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(module(x)[0].square().sum(), x, create_graph=True)
    g.square().sum().backward()
    print(x.grad, *[each.grad for each in module.parameters()])
""",
}
