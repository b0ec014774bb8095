"""One guest, many items: a map over the processes of this machine, or over any executor."""
