"""The rules of TailTribe. Standard library only."""
