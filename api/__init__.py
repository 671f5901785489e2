"""Everything that touches the world: the service, the command line, the database, the files."""
