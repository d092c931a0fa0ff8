"""Pages and pictures that show people what was found; one self-contained file each."""
