"""The host layer: everything here starts real programs."""
