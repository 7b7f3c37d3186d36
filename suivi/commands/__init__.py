"""The commands, a module each family: thin, they open the installation, call it and print."""
