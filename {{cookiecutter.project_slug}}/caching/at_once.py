"""What a server and the front tell each other of a request that must not wait."""

# In the environ of such a request: of how many bytes its answer may be.
AT_ONCE = "caching.at_once"
# There, and true, after a hit.
WAS_HIT = "caching.was_hit"


class Later(Exception):
    """Raised instead of an answer that can't be sent at once."""
