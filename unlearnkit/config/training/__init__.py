"""The block `training`."""
