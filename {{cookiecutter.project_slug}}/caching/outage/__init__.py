"""What holds while the store is unavailable."""
