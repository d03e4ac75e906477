"""The command line: `app` lists the commands, one file each; `terminal` handles their output and how they end."""
