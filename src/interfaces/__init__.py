"""How the world reaches the use cases: HTTP, workers, the command, and the composition root."""
