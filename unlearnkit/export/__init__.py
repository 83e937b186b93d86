"""Results for other programs that draw them: curves and tables as scalars of TensorBoard."""
