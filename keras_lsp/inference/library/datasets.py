"""datasets: filled in below."""
