"""The chat page: gradio for transport and inputs, our own escaped markup for all that is read."""
