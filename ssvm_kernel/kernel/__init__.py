"""The SSVM Jupyter kernel: a cell without a magic is a guest."""
