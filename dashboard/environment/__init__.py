"""The settings as operators write them: declared once (`names`), read strictly (`reading`)."""
