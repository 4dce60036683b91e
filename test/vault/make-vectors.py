"""Vectors for the sealed format, made with Tink for Python (pip install tink), in both directions.

  python make-vectors.py seal vectors-tink.json [LEN ...]   Tink seals; seal.test.ts must make the same bytes from the same header
  node seal-samples.ts DIR                                  the vault seals
  python make-vectors.py open DIR vectors-custos.json       Tink opens what the vault sealed, and must refuse the samples marked as broken;
                                                            the list is of what it opened

Byte i of every plaintext is i mod 251. Whole sealed bytes are kept only where they are few; the rest is known by header and SHA-256.
"""
import base64
import hashlib
import importlib.metadata
import io
import json
import os
import sys

import tink
from tink import json_proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2

FIRST, LATER = 1_048_520, 1_048_560
LENGTHS = [0, 1, 100, FIRST - 1, FIRST, FIRST + 1, FIRST + LATER - 1, FIRST + LATER, FIRST + LATER + 1, FIRST + 2 * LATER, FIRST + 2 * LATER + 1]
HEADER = 40


def pattern(length):
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def primitive(key):
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=1_048_576, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256)
    proto = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, params=params, key_value=key)
    keyset = {'primaryKeyId': 1, 'key': [{
        'keyData': {
            'typeUrl': 'type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey',
            'keyMaterialType': 'SYMMETRIC',
            'value': base64.b64encode(proto.SerializeToString()).decode(),
        },
        'outputPrefixType': 'RAW', 'keyId': 1, 'status': 'ENABLED',
    }]}
    handle = json_proto_keyset_format.parse(json.dumps(keyset), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    def close(self):
        pass


def described(key, associated_data, length, sealed):
    vector = {
        'key': key.hex(), 'associatedData': associated_data, 'len': length, 'header': sealed[:HEADER].hex(),
        'sealedLen': len(sealed), 'sealedSha256': hashlib.sha256(sealed).hexdigest(),
    }
    return {**vector, 'sealed': sealed.hex()} if length <= 100 else vector


def seal(length):
    key, associated_data = os.urandom(32), f'custos-seal/v1|{os.urandom(16).hex()}|eu-central-1'
    out = Kept()
    with primitive(key).new_encrypting_stream(out, associated_data.encode()) as stream:
        stream.write(pattern(length))
    return described(key, associated_data, length, out.getvalue())


def opened(folder, sample):
    with open(os.path.join(folder, sample['file']), 'rb') as file:
        sealed = file.read()
    key = bytes.fromhex(sample['key'])
    try:
        with primitive(key).new_decrypting_stream(io.BytesIO(sealed), sample['associatedData'].encode()) as stream:
            plaintext = stream.read()
    except (tink.TinkError, OSError):
        assert sample.get('broken'), sample
        return None
    assert not sample.get('broken') and plaintext == pattern(sample['len']), sample
    return described(key, sample['associatedData'], sample['len'], sealed)


def write(path, vectors):
    by = f"Tink for Python {importlib.metadata.version('tink')}"
    with open(path, 'w') as file:
        file.write(json.dumps({'by': by, 'vectors': vectors}, indent=2) + '\n')


streaming_aead.register()
if sys.argv[1] == 'seal':
    write(sys.argv[2], [seal(int(length)) for length in sys.argv[3:] or LENGTHS])
else:
    with open(os.path.join(sys.argv[2], 'samples.json')) as file:
        samples = json.load(file)
    write(sys.argv[3], [vector for vector in (opened(sys.argv[2], sample) for sample in samples) if vector])
