"""What guards a run: refusals before anything is planned or started, and what a run replaces."""
