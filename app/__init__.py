"""What people touch: settings, commands, the chat page, and the one place that wires objects."""
