"""Measurements: each compares sides in one run and prints ratios, because absolute times drift from hour to hour."""
