"""Pure data and decisions: what can be asked, granted and refused. No input or output here."""
