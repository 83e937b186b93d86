"""Results made public: which files of an experiment, what describes them, and what is refused (docs/publish.md).

A publication is a working folder: `results/<experiment>/` as it is here, `config.yaml`, a Snakefile that runs the
installed workflow, and beside them README.md (the hub's data card), manifest.json (bytes, hash and origin of every
file), croissant.json, ro-crate-metadata.json and eval.yaml. The same results give the same bytes.

`selection` decides what may be published, `records` and `configuration` leave this machine out, `private` looks for
what must not be seen, `contents` puts all together; `card`, `croissant`, `ro_crate`, `benchmark` and `manifest` write a
file each.
"""
