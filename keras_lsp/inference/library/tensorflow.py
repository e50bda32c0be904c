"""tensorflow: filled in below."""
