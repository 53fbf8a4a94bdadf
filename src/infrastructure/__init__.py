"""Adapters: one folder per port family, one file per technology."""
