"""The blocks attacks and durability of the configuration, and their rules."""
