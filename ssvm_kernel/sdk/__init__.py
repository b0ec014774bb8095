"""Files for the guest's side, per language."""
