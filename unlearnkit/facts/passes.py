"""The unit of cost: one forward and backward pass of one sample."""

FORWARD_PASS = 1 / 3
"""Cost of a forward pass in sample passes: a backward pass costs about two of them."""
