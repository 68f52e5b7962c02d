"""The command `gw`."""


def main() -> None:
    """Run the command line."""
