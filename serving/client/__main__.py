"""`python -m serving.client`; see `command`."""

from .command import run

if __name__ == "__main__":
    run()
