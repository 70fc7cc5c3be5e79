"""One self-contained HTML file per run: what was asked, what came out, and what proves it."""
