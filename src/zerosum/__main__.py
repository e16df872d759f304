"""`python -m zerosum`, which is what `torchrun -m zerosum` starts."""

from zerosum.cli.app import main

if __name__ == "__main__":
    main()
