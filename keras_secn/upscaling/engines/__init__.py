"""What computes the enlarged picture: Keras or LiteRT."""
