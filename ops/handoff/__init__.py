"""Write the application's deployment files from the templates in deploy/."""
