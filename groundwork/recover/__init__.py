"""What a killed apply left behind, and the way back."""
