"""The command line: `app` lists the commands, one file each; `terminal` is how they speak and end."""
