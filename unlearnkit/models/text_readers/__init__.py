"""Models that read texts and are never unlearned: embedders, which turn texts into vectors, and classifiers.

An embedder is a function `embed(texts) -> float32 [texts, width]`: vectors of length 1, or 0 for a text of which it
reads nothing, so that the product of two is their cosine. `embedders.embedder_of` returns that of some settings
(`unlearnkit.config.models.text_readers`). A further one is a file here, a class of settings there, and a line in
`embedders`.

Folders are in the format of transformers, with weights in safetensors; code that comes with a model is never run. Who
calls these states their files with their hashes in the record.
"""
