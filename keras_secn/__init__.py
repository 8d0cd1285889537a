"""Super-resolution for Keras: CT-SECN and its relatives."""
