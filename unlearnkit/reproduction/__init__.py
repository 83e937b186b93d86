"""Published results computed again: from what, at what price, and whether they are equal (docs/publish.md).

`sources` reads a publication on the hub, a copy of one, or results here; `levels` says what is computed again and what
is taken as published; `needs` follows the records from the targets to what is taken; `scratch` is a working folder
with that alone, where the real workflow runs; `comparison` compares what it made, `cells` finds a value in it, and
`sampling` draws shards and states what their equality proves.
"""
