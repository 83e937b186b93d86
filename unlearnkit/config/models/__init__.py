"""The block `model`."""
