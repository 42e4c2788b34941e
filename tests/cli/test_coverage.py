"""`framework coverage`: which of PyTorch's names are here."""

from __future__ import annotations


def test_the_table_has_every_namespace(framework):
    result = framework("coverage")
    assert result.exit_code == 0
    header, *lines, hint = result.output.splitlines()
    assert header.split() == ["NAMESPACE", "HERE", "NOT", "YET", "OUT", "OF", "SCOPE"]
    assert [line.split()[0] for line in lines][:4] == ["torch", "Tensor", "nn", "nn.functional"]
    assert all(sum(map(int, line.split()[1:])) > 0 for line in lines)
    assert "framework coverage NAMESPACE" in hint


def test_a_namespace_lists_its_names(framework):
    for name in ("Tensor", "torch.Tensor"):
        text = framework("coverage", name).output
        assert "Here (" in text and "backward" in text
        assert "Not coming: sparse tensors are out of scope (" in text and " to_sparse " in text


def test_an_unknown_namespace_gets_the_nearest_match(fails):
    text = fails("coverage", "nn.funtional")
    assert "PyTorch has no namespace 'nn.funtional' that is known here. Did you mean 'nn.functional'?" in text
