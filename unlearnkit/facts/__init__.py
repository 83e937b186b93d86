"""Published tables and arithmetic that configuration, planning and jobs all use.

Free of torch and of settings, and part of the fingerprint of the code that imports it: an edit here reruns that code.
"""
