"""How the cache behaves while the store is unavailable."""
