"""Who answers a request: a widget, the terminal, or nobody."""
