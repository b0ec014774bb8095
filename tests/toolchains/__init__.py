"""Tests of compilers, their reports and the cache."""
