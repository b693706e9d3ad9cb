"""World files: read, made whole, and refused in one sentence that names the place."""
