"""The block `pools`."""
