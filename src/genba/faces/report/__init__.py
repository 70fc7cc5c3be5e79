"""One self-contained HTML file per run: what was asked, what came out, and what proves it."""

from genba.faces.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
