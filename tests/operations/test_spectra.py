"""Fourier transforms: what is between is no complex tensor, and says so."""

import numpy as np
import pytest

import framework as torch


def test_a_spectrum_knows_what_filters_need():
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    spectrum, expected = torch.fft.rfft(x), np.fft.rfft(x.numpy())
    assert spectrum.shape == (4, 4) and spectrum.size(1) == 4 and spectrum.dim() == 2
    for ours, numpys in (
        (spectrum * 2, expected * 2),
        (2 - spectrum, 2 - expected),
        (spectrum * (1 + 2j), expected * (1 + 2j)),
        (spectrum / spectrum[:1], expected / expected[:1]),
        (spectrum * x[:, :4], expected * x[:, :4].numpy()),
    ):
        np.testing.assert_allclose(ours.real.numpy() + 1j * ours.imag.numpy(), numpys, rtol=1e-4, atol=1e-5)
    assert repr(spectrum).startswith("Spectrum(real=tensor(")


def test_what_needs_complex_tensors_says_that_there_are_none():
    with pytest.raises(AttributeError, match=r"complex tensors are out of scope.* has \.real, \.imag"):
        torch.fft.rfft(torch.ones(4)).cumsum(0)
    with pytest.raises(AttributeError, match="complex tensors are out of scope"):
        torch.stft


def test_whole_numbers_and_doubles():
    assert torch.fft.rfft(torch.arange(4)).real.dtype == torch.float32
    assert torch.fft.fft(torch.ones(4, dtype=torch.float64)).imag.dtype == torch.float64
