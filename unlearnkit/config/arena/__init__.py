"""The arena block of the configuration, and its rules."""
