"""What is done to parameters and modules from outside: sequences packed for recurrent layers."""

from framework.nn.utils import rnn

__all__ = ["rnn"]
