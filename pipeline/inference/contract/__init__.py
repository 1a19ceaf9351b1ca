"""What a file says about itself and what it is; opening it, running it."""
