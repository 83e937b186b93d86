"""What configuration and jobs share about judges: where their settings are, and which of them change no reply."""

BLOCK = "observations.{}.judge"
"""The key of the settings of their judges."""
UNSTATED = {
    "source": {"folder": True},
    **dict.fromkeys(("batch_size", "key_variable", "seconds", "retries", "wait", "parallel"), True),
}
"""Settings of judges that change no reply, and the folder of a model, whose files are inputs."""
