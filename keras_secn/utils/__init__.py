"""Small helpers that know nothing of super-resolution."""
