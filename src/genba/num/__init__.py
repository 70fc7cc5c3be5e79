"""Arrays, tables and linear algebra; no domain word."""
