"""The block `methods`: variants, and settings that methods share."""
