"""Pictures and videos read and written, metadata included."""
