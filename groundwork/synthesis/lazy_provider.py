"""Makes prebuilt providers (AWS, Helm, …) load only what a stack uses, in Python and in the jsii kernel.

A stock `import cdktf_cdktf_provider_aws.s3_bucket` loads every resource of the provider on both sides of jsii: more
than 2,000 modules each. `install` delays that until a name is used; the synthesised JSON stays the
same byte for byte.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import MutableMapping
from enum import StrEnum

from groundwork.errors import UsageError
from groundwork.synthesis import argument_checks, jsii_process, lazy_package
from groundwork.synthesis.lazy_package import StockSynthesisWarning

VARIABLE = "GROUNDWORK_SYNTH"


class Mode(StrEnum):
    """How providers are imported in this process."""

    FAST = "fast"
    STOCK = "stock"


def install(environ: MutableMapping[str, str]) -> Mode:
    """Switches fast imports on for this process and returns the mode that is in force.

    `environ` is the process's own environment: the jsii kernel inherits it. `GROUNDWORK_SYNTH=stock` leaves everything
    as the providers ship it; any other value but `fast` raises UsageError. Call it before the first `import cdktf`:
    a kernel that already runs stays as it is, with a warning. A provider of an unknown layout causes a warning when it
    is imported, and behaves as shipped. Calling it again changes nothing.
    """
    wanted = environ.get(VARIABLE) or Mode.FAST
    if wanted not in set(Mode):
        raise UsageError(
            f"{VARIABLE}={wanted} is not a mode of synthesis", fix=f"unset {VARIABLE}, or set it to fast or stock"
        )
    if wanted == Mode.STOCK:
        lazy_package.remove_finder()
        jsii_process.remove_hook()
        argument_checks.remove()
        environ.update(jsii_process.pinned_node(environ))
        return Mode.STOCK
    if lazy_package.is_installed():
        return Mode.FAST
    problem = jsii_process.reason_unsupported()
    if problem:
        warnings.warn(StockSynthesisWarning(f"{problem}: providers are imported in full"), stacklevel=2)
        return Mode.STOCK
    if "constructs._jsii" in sys.modules:
        warnings.warn(
            StockSynthesisWarning("cdktf was imported before fast synthesis was switched on: providers load in full"),
            stacklevel=2,
        )
        return Mode.STOCK
    lazy_package.add_finder()
    jsii_process.add_hook(environ)
    argument_checks.install()
    return Mode.FAST
