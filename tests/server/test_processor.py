"""Where OpenSSL is told to leave ADX aside, and that its signatures stay what they are."""

import os
import subprocess
import sys

import pytest

from keys.keypairs import generate_rsa
from server.processor import VARIABLE, WITHOUT_ADX, is_quicker_without_adx, tell_openssl

ZEN_3 = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 1
flags\t\t: fpu avx2 bmi2 adx

processor\t: 1
"""
SIGN = """
import sys
from keys.keypairs import PrivateKey
sys.stdout.write(PrivateKey.from_pem(sys.stdin.read()).sign("rsa-v1_5-sha256", b"text").hex())
"""


def test_zen_3_is_told_to_leave_adx_aside() -> None:
    assert is_quicker_without_adx(ZEN_3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("AuthenticAMD", "GenuineIntel"),
        (": 25", ": 23"),
        ("adx", "sha_ni"),
        ("avx2", "avx"),
        ("adx", "adx avx512ifma"),
        (ZEN_3, "Processor\t: ARMv8\n"),
        (ZEN_3, ""),
    ],
)
def test_other_processors_are_left_as_they_are(before: str, after: str) -> None:
    assert not is_quicker_without_adx(ZEN_3.replace(before, after))


def test_what_an_administrator_has_set_stays() -> None:
    environ = {VARIABLE: "~0x0"}
    tell_openssl(environ)
    assert environ == {VARIABLE: "~0x0"}


def test_signatures_are_the_same_either_way() -> None:
    pem = generate_rsa().to_pem()

    def signed(environ: dict[str, str]) -> str:
        given = {name: value for name, value in os.environ.items() if name != VARIABLE} | environ
        return subprocess.run([sys.executable, "-c", SIGN], input=pem, env=given, capture_output=True, text=True,
                              check=True).stdout  # fmt: skip

    assert signed({}) == signed({VARIABLE: WITHOUT_ADX}) != ""


def test_openssl_is_told_before_it_is_loaded() -> None:
    """By the time that a command's module is imported, which brings OpenSSL with it."""
    watch = (
        "import sys; from server import cli\n"
        "cli.tell_openssl = lambda: print('cryptography' in sys.modules)\n"
        "cli.main.get_command(None, 'serve'); print('cryptography' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
