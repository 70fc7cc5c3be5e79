"""How people and programs reach genba: command line, REST, console and report, all over one factory."""
