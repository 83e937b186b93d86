"""The block `harness` of the configuration, and its rules."""
