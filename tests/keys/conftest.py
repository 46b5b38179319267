"""Keys of the cast, made once a session: an RSA key takes longer to make than all its tests take to run."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys.keypairs import PrivateKey, generate_ed25519, generate_rsa


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def other_rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="session")
def ed25519_key() -> PrivateKey:
    return generate_ed25519()


@pytest.fixture(scope="session")
def p256_key() -> PrivateKey:
    return PrivateKey.from_handle(ec.generate_private_key(ec.SECP256R1()))
