"""The worker process that holds a guest, and the wire between it and the kernel."""
