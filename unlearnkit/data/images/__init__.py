"""Data sets of images: raw files in, NumPy arrays out, and batches of them on the device."""
