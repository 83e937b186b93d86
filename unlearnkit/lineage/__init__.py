"""What provenance records show: whether files are what their jobs wrote, what they come from, and why two differ."""
