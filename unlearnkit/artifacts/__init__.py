"""The artifact layer: the only code that writes files, to a temporary name beside the target and then renamed."""
