"""placeholder until branch data is merged"""

from unlearnkit.config.settings import Settings


class HubText(Settings):
    """placeholder"""
