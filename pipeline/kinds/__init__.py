"""One file a kind of field: how a value is read, checked, drawn and shown. NumPy and Pillow only."""
