"""``python -m tiefvision``."""

from tiefvision.cli.main import main

if __name__ == "__main__":
    main()
