"""The field's methods for image classifiers, each with the helpers that only it and its kin use."""
