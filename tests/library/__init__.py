"""Guests as libraries."""
