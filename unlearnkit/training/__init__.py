"""Training, unlearning and evaluation of the models of one shard; shared by originals, oracles and methods."""
