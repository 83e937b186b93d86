"""What provenance records tell: whether files are what their jobs wrote, what they come from, and why two differ."""
