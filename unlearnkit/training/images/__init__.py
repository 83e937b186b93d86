"""Training and margins of image classifiers."""
