"""What the product can do: one file per use case, and the ports they depend on."""
