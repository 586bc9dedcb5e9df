"""Runs migrations on the connection that `index.database.migrate` holds."""

from alembic import context

from hounsfield.index.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
