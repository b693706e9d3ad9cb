"""Installing one connector into many accounts."""
