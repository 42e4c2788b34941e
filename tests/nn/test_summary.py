"""`framework.summary`: what it shows, and that it leaves everything as it was."""

import pytest

import framework
from framework import nn, summary

TABLE = """\
Layer             Output shape    Parameters
--------------------------------------------
Sequential        (4, 10)
  0: Conv2d       (4, 8, 14, 14)          80
  1: BatchNorm2d  (4, 8, 14, 14)          16
  2: ReLU         (4, 8, 14, 14)
  3: Sequential   (4, 10)
    0: Flatten    (4, 1568)
    1: Linear     (4, 10)             15,690
--------------------------------------------
Parameters: 15,786, of which 10 are not trainable
Memory: parameters 0.06 MB, buffers 72 bytes, outputs 0.10 MB"""


def made():
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Sequential(nn.Flatten(), nn.Linear(8 * 14 * 14, 10)),
    )
    net[3][1].bias.requires_grad_(False)
    return net


def test_the_table():
    assert str(summary(made(), (4, 1, 14, 14))) == TABLE


def test_it_leaves_the_model_and_the_random_numbers_alone():
    net = made().append(nn.Dropout())
    net[0].register_forward_hook(lambda *args: None)
    tensors = net.state_dict(keep_vars=True)
    before = {name: (tensor, tensor._version, tensor.tolist()) for name, tensor in tensors.items()}
    attributes = [dict(module.__dict__) for module in net.modules()]
    framework.manual_seed(0)
    expected = framework.rand(3).tolist()
    framework.manual_seed(0)
    summary(net, (2, 1, 14, 14))
    assert framework.rand(3).tolist() == expected
    after = net.state_dict(keep_vars=True)
    assert all(after[name] is tensor for name, (tensor, *_) in before.items())
    assert [(t._version, t.tolist()) for t in after.values()] == [(v, values) for _, v, values in before.values()]
    assert [dict(module.__dict__) for module in net.modules()] == attributes
    assert all(parameter.grad is None for parameter in net.parameters())


def test_it_puts_everything_back_when_forward_fails():
    net = made()
    weight = net[0].weight
    with pytest.raises(RuntimeError):
        summary(net, (2, 3, 14, 14))
    assert net[0].weight is weight and not net[0]._forward_hooks


def test_it_runs_in_the_present_mode():
    # In training, one value a channel is refused.
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        summary(net, (1, 3))
    assert summary(net.eval(), (1, 3)).rows[0].shapes == ((1, 2),)


def test_tied_parameters_count_once():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    shown = summary(net, (2, 3))
    assert [row.parameters for row in shown.rows] == [0, 12, 3]
    assert shown.parameters == shown.trainable == 15 and shown.parameter_bytes == 60


def test_several_inputs_and_several_outputs():
    class Two(nn.Module):
        def forward(self, words, x):
            return {"a": words.float(), "b": [x, (x.sum(), 3)]}

    shown = summary(Two(), [framework.zeros(5, dtype=framework.int64), (2, 3)])
    assert shown.rows[0].shapes == ((5,), (2, 3), ())
    assert summary(nn.Embedding(5, 3), (2, 7), dtype=framework.int64).rows[0].shapes == ((2, 7, 3),)
    assert summary(nn.Linear(2, 1).double(), (4, 2)).output_bytes == 32


def test_a_module_that_is_not_called_has_no_shape():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2)])

        def forward(self, x):
            return self.layers[0](x)

    assert [row.shapes for row in summary(Idle(), (1, 2)).rows] == [((1, 2),), None, ((1, 2),)]


def test_lazy_modules_are_refused():
    with pytest.raises(RuntimeError, match="call the model once"):
        summary(nn.LazyLinear(2), (1, 2))
