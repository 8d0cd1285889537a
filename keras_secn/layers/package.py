"""The name that all of this library's classes are registered under in Keras."""

PACKAGE = "keras_secn"
