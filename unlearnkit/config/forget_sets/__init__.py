"""The block `forget_sets`."""
