"""Jobs: commands that run in a process of their own, beside a server or a terminal."""
