"""The package name under which this library's classes are registered in Keras."""

PACKAGE = "keras_secn"
