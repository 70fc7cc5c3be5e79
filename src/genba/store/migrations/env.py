"""What alembic runs for every upgrade: the steps, within the transaction it is given."""

from alembic import context

from genba.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
