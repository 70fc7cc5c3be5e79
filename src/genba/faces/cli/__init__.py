"""The command line: `genba DOMAIN OPERATION ...` generated from the operations, and commands about runs."""
