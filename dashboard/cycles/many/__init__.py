"""Installing one template into many accounts: the form, its lines, and the pages."""
