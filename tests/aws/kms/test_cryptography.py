"""What KMS's keys do: checked with the cryptography library and the standard one, not with ourselves."""

import hashlib
import hmac
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_what_is_encrypted_can_be_decrypted_without_naming_the_key(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"treasure", EncryptionContext={"map": "1"})["CiphertextBlob"]

    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"map": "1"})

    assert b"treasure" not in blob
    assert opened["Plaintext"] == b"treasure"
    assert opened["KeyId"].endswith(key)


def test_the_same_plaintext_never_looks_the_same_twice(kms: Any, key: str) -> None:
    blobs = {kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"] for _ in range(10)}

    assert len(blobs) == 10


@pytest.mark.parametrize("context", [{}, {"map": "2"}, {"map": "1", "more": ""}])
def test_another_context_does_not_decrypt(kms: Any, key: str, context: dict[str, str]) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"treasure", EncryptionContext={"map": "1"})["CiphertextBlob"]

    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert code_of(error) == "InvalidCiphertextException"


@pytest.mark.parametrize("position", [0, 5, 18, 25, 40, -1])
def test_a_changed_blob_does_not_decrypt(kms: Any, key: str, position: int) -> None:
    blob = bytearray(kms.encrypt(KeyId=key, Plaintext=b"treasure")["CiphertextBlob"])
    blob[position] ^= 1

    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=bytes(blob))
    assert code_of(error) == "InvalidCiphertextException"


def test_decrypt_refuses_another_key_than_the_one_named(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    assert code_of(error) == "IncorrectKeyException"


def test_old_blobs_decrypt_after_a_rotation_and_new_ones_use_the_new_material(kms: Any, key: str) -> None:
    before = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]

    assert kms.decrypt(CiphertextBlob=before)["Plaintext"] == b"old"
    assert kms.decrypt(CiphertextBlob=after)["Plaintext"] == b"new"
    assert before[17:21] != after[17:21]
    assert [r["RotationType"] for r in kms.list_key_rotations(KeyId=key)["Rotations"]] == ["ON_DEMAND"]


@pytest.mark.parametrize(("request_", "size"), [({"KeySpec": "AES_256"}, 32), ({"NumberOfBytes": 100}, 100)])
def test_a_data_key_is_given_plain_and_encrypted(kms: Any, key: str, request_: dict[str, Any], size: int) -> None:
    made = kms.generate_data_key(KeyId=key, **request_)

    assert len(made["Plaintext"]) == size
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_a_multi_region_key_decrypts_its_own_blobs(kms: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    assert key.startswith("mrk-")
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_re_encrypt_hands_over_to_another_key(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)

    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other)["Plaintext"] == b"x"


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
        ("RSA_2048", "RSASSA_PSS_SHA_512"),
        ("ECC_NIST_P384", "ECDSA_SHA_384"),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
    ],
)
def test_signatures_verify_with_the_public_key_alone(kms: Any, spec: str, algorithm: str) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    message = b"ahoy"
    hashing = HASHES[algorithm[-3:]]

    signature = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"]

    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    if isinstance(public, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(hashing), hashing.digest_size)
        public.verify(signature, message, pss if "PSS" in algorithm else padding.PKCS1v15(), hashing)
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, message, ec.ECDSA(hashing))
    digest = hashlib.new(f"sha{algorithm[-3:]}", message).digest()
    told = kms.verify(KeyId=key, Message=digest, MessageType="DIGEST", Signature=signature, SigningAlgorithm=algorithm)
    assert told["SignatureValid"]
    with pytest.raises(ClientError) as error:
        kms.verify(KeyId=key, Message=b"other", Signature=signature, SigningAlgorithm=algorithm)
    assert code_of(error) == "KMSInvalidSignatureException"


def test_rsa_encrypts_with_the_public_key_and_decrypts_with_the_private_one(kms: Any) -> None:
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

    blob = public.encrypt(b"treasure", oaep)

    opened = kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == b"treasure"


def test_macs_are_hmacs(kms: Any) -> None:
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]

    mac = kms.generate_mac(KeyId=key, Message=b"ahoy", MacAlgorithm="HMAC_SHA_256")["Mac"]

    assert len(mac) == hashlib.sha256().digest_size
    assert not hmac.compare_digest(mac, kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256")["Mac"])
    assert kms.verify_mac(KeyId=key, Message=b"ahoy", Mac=mac, MacAlgorithm="HMAC_SHA_256")["MacValid"]
    with pytest.raises(ClientError) as error:
        kms.verify_mac(KeyId=key, Message=b"ahoi", Mac=mac, MacAlgorithm="HMAC_SHA_256")
    assert code_of(error) == "KMSInvalidMacException"


def test_a_shared_secret_is_what_the_other_side_computes(kms: Any) -> None:
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    wrapping = kms.create_key()["KeyMetadata"]["KeyId"]
    pair = kms.generate_data_key_pair(KeyId=wrapping, KeyPairSpec="ECC_NIST_P256")
    private = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)

    theirs = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    shared = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=pair["PublicKey"])

    assert shared["SharedSecret"] == private.exchange(ec.ECDH(), theirs)


def test_keys_do_only_what_they_were_made_for(kms: Any, key: str) -> None:
    with pytest.raises(ClientError) as error:
        kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
    assert code_of(error) == "InvalidKeyUsageException"


def test_the_model_s_constraints_are_told_in_aws_s_words(kms: Any, key: str) -> None:
    with pytest.raises(ClientError) as error:
        kms.encrypt(KeyId=key, Plaintext=b"")

    assert code_of(error) == "ValidationException"
    assert "at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1" in str(
        error.value
    )
