"""Where pictures and numbers go: files, sheets, strips, arrays, the terminal."""
