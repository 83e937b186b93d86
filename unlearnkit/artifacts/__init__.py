"""The artifact layer: the only code that writes artifacts, to a temporary name beside the target and then renamed."""
