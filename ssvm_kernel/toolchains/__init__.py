"""One file per language, diagnostics and the compile cache."""
