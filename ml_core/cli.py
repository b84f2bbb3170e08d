"""The command line without the web: `python -m ml_core predict | train | quick_train | evaluate | compare | card`."""

import argparse
import sys
from collections.abc import Sequence

from ml_core import cli_predict


def build_parser(*, training: bool = True) -> argparse.ArgumentParser:
    """All subcommands; each sets `handler`, a function of the parsed arguments that gives the exit status.

    The training commands are left out where only a prediction is wanted: they take longer to import.
    """
    parser = argparse.ArgumentParser(prog="python -m ml_core", description="Deepfake detection without the web.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    predict = subparsers.add_parser("predict", help="judge files and folders", description=cli_predict.DESCRIPTION)
    cli_predict.add_arguments(predict)
    predict.set_defaults(handler=cli_predict.run)
    if training:
        from ml_core.evaluation import cli as evaluation_cli
        from ml_core.training import cli as training_cli

        for name, add_arguments, handler, text in (*training_cli.COMMANDS, *evaluation_cli.COMMANDS):
            command = subparsers.add_parser(name, help=text, description=text)
            add_arguments(command)
            command.set_defaults(handler=handler)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status (argparse itself leaves with 2 on wrong usage)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = build_parser(training=given[:1] != ["predict"]).parse_args(given)
    status: int = options.handler(options)
    return status
