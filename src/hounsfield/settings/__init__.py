"""What can be set, where it is read from, and the page that documents it."""
