"""WebAssembly guests in Jupyter cells, with nothing but what the person grants."""

__version__ = "0.1.0"
