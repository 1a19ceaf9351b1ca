"""What several kinds share: the noise, the errors, numbers as text."""
