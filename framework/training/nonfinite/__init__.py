"""Losses and gradients that are not finite: found before the update, explained, and shown again."""
