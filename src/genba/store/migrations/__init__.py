"""Migrations of the record, run by alembic."""
