"""The commands, one module each: light to import, heavy only when run."""
