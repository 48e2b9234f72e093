"""What people can do in Discord. Thin: check, one call into the facts, render, send."""
