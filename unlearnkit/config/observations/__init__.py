"""The block `observations`."""
