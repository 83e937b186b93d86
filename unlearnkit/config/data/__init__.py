"""The block `data`."""
