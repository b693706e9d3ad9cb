"""Made-up states: the default one, and as large a one as wanted."""
