"""Engines that run a network: Keras or LiteRT."""
