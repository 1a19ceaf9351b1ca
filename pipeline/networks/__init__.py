"""What several systems' networks share."""
