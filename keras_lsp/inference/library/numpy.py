"""numpy: filled in below."""
