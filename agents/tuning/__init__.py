"""Training of small models for the agent: data generators and recipes."""
