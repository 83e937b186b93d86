"""What a model still can do: values of single models, which need nothing to be compared with."""
