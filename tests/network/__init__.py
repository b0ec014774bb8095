"""The network: connections of components, granted by host and port."""
