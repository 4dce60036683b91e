/** C2SP signed note: text signed by one or more keys. Here Ed25519 only (type 0x01); other signatures are ignored, as the format demands. */
import { verifyEd25519 } from './ed25519.ts'
import { concat, fromBase64, fromHex, toBase64, toHex } from './encoding.ts'
import { sha256 } from './hash.ts'

const ed25519Type = 0x01
const maxNoteBytes = 1024 * 1024
const maxSignatures = 64

export class NoteError extends Error {
  override readonly name = 'NoteError'
  readonly code: 'note-malformed' | 'signature-invalid' | 'signature-missing'

  constructor(code: NoteError['code'], message: string) {
    super(message)
    this.code = code
  }
}

export interface VerifierKey {
  readonly name: string
  /** 4 bytes, as 8 hex digits. */
  readonly keyId: string
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array
}

/** Signs note text; its private key stays where the caller keeps it. */
export interface NoteSigner extends VerifierKey {
  /** An Ed25519 signature over the UTF-8 text. */
  sign(text: string): Promise<Uint8Array>
}

export function keyIdOf(name: string, publicKey: Uint8Array): string {
  return toHex(sha256(concat(utf8(`${name}\n`), Uint8Array.of(ed25519Type), publicKey)).subarray(0, 4))
}

/** The vkey text, `name+keyid+base64`. */
export function formatVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${toBase64(concat(Uint8Array.of(ed25519Type), publicKey))}`
}

/** One final newline is allowed, since keys come from files. Throws a NoteError `note-malformed`. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, keyId, material] =
    /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n?$/.exec(text) ?? malformed('not a verifier key')
  const bytes = decode(material!)
  const publicKey = bytes.subarray(1)
  if (!isKeyName(name!) || bytes[0] !== ed25519Type || publicKey.length !== 32) malformed('not an Ed25519 verifier key')
  if (keyIdOf(name!, publicKey) !== keyId) malformed('the key id is not of this name and key')
  return { name: name!, keyId: keyId!, publicKey }
}

/** The text, signed by each of `signers`. `text` ends in a newline. */
export async function signNote(text: string, ...signers: NoteSigner[]): Promise<string> {
  checkText(text)
  let note = `${text}\n`
  for (const signer of signers)
    note += `— ${signer.name} ${toBase64(concat(fromHex(signer.keyId), await signer.sign(text)))}\n`
  return note
}

/**
 * The text of a note and the keys that verifiably signed it, at least one. Throws a NoteError: a signature by a known key that does not
 * verify rejects the whole note.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): { text: string; verified: VerifierKey[] } {
  const { text, signatures } = parseNote(note)
  const verified = new Set<VerifierKey>()
  for (const { name, keyId, signature } of signatures) {
    const key = keys.find(known => known.name === name && known.keyId === keyId)
    if (!key) continue
    if (!verifyEd25519(key.publicKey, utf8(text), signature))
      throw new NoteError('signature-invalid', `the signature of ${name} is wrong`)
    verified.add(key)
  }
  if (verified.size === 0) throw new NoteError('signature-missing', 'no trusted key has signed this')
  return { text, verified: [...verified] }
}

function parseNote(note: string): {
  text: string
  signatures: { name: string; keyId: string; signature: Uint8Array }[]
} {
  if (note.length > maxNoteBytes || !note.endsWith('\n')) malformed('not a signed note')
  const split = note.lastIndexOf('\n\n')
  if (split < 0) malformed('no signatures')
  const text = note.slice(0, split + 1)
  checkText(text)
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > maxSignatures) malformed('too many signatures')
  return { text, signatures: lines.map(parseSignature) }
}

function parseSignature(line: string): { name: string; keyId: string; signature: Uint8Array } {
  const [, name, material] = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? malformed('not a signature line')
  const bytes = decode(material!)
  if (!isKeyName(name!) || bytes.length < 5) malformed('not a signature line')
  return { name: name!, keyId: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

function checkText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
  if (!text.endsWith('\n') || !text.isWellFormed() || /[\x00-\x09\x0b-\x1f]/.test(text)) malformed('not note text')
}

function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s+\u0085]/u.test(name)
}

function decode(material: string): Uint8Array {
  try {
    return fromBase64(material)
  } catch {
    return malformed('not base64')
  }
}

function malformed(message: string): never {
  throw new NoteError('note-malformed', message)
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
