"""Other graphs for the same picture: folded and fused convolutions, gates from outside."""
