"""The command line: `app` is the list of commands, `terminal` how they speak and end."""
