"""The block `attributions`."""
