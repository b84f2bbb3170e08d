"""OpenVINO without its usage reports: what people check here is nobody else's business, and works offline."""

import sys
from typing import Any


def openvino() -> Any:
    """The package, imported at the first call. Raises ModuleNotFoundError where it is not installed."""
    # Its converter reports to an analytics service unless the reporting package is absent; None makes it so.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # what Python itself puts there
    import openvino as package

    return package
