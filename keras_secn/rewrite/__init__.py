"""Other graphs that compute the same picture: folded, fused, with external gates."""
