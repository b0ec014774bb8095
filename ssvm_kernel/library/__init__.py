"""Guests as libraries: their functions called from Python, with real values."""
