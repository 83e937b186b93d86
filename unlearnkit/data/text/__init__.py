"""Text: raw text or published tokens in, token shards, sequences and forget units out."""
