"""What a guest can reach on the host, and the one module that starts processes."""
