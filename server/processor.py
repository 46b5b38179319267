"""What OpenSSL is told about the processor, before it is loaded.

Where a processor has ADX, OpenSSL computes RSA with it and leaves its AVX2 code aside, which is right for the Intel
processors of the time. On AMD's Zen 3 the AVX2 code needs a tenth less for a signature with RSA-2048, and a third less
on a loaded machine: 0.67 ms instead of 1.04 (`docs/decisions/0029-outbound-speed.md`). Processors with AVX-512 IFMA
have a third way, for which this makes no difference. `OPENSSL_ia32cap` is OpenSSL's own variable for such things; what
an administrator has set there stays. Nothing but arithmetic changes: the signatures are the same.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

VARIABLE: Final = "OPENSSL_ia32cap"
WITHOUT_ADX: Final = ":~0x80000"  # bit 19 of the second word
_CPUINFO: Final = Path("/proc/cpuinfo")
_ZEN_3: Final = "25"  # the family; Zen 4 is one too, and has IFMA


def tell_openssl(environ: MutableMapping[str, str] = os.environ) -> None:
    """Have OpenSSL do without ADX where that is quicker. Before `cryptography` is imported; later it does nothing."""
    if VARIABLE in environ:
        return
    try:
        described = _CPUINFO.read_text("ascii", "replace")
    except OSError:
        return  # not Linux
    if is_quicker_without_adx(described):
        environ[VARIABLE] = WITHOUT_ADX


def is_quicker_without_adx(cpuinfo: str) -> bool:
    """Whether this is a processor on which it was measured; `cpuinfo` as Linux describes the first one."""
    told = dict(_pair(line) for line in cpuinfo.partition("\n\n")[0].splitlines())
    flags = told.get("flags", "").split()
    is_zen_3 = told.get("vendor_id") == "AuthenticAMD" and told.get("cpu family") == _ZEN_3
    return is_zen_3 and "adx" in flags and "avx2" in flags and "avx512ifma" not in flags


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
