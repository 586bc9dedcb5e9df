"""The database: an index of what lies in storage, and all of the project's SQL."""
