"""The NeurIPS-2023 challenge: the seven winning solutions and two baselines."""
