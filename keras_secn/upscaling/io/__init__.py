"""Reads and writes pictures and videos with their metadata."""
