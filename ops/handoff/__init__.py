"""Write deploy/, the application's own deployment files."""
