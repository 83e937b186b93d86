"""Membership inference: what an attacker can learn about the forget set."""
