import { Problem } from './problem.ts'

/** The SHA-256 of a `Repr-Digest` field (RFC 9530, section 3), hex; undefined when absent. Throws `invalid-request` when malformed. */
export function reprSha256(field: string | undefined): string | undefined {
  if (field === undefined) return undefined
  for (const member of field.split(',')) {
    const match = /^\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*$/.exec(member)
    if (match) return Buffer.from(match[1]!, 'base64').toString('hex')
  }
  throw new Problem('invalid-request', { detail: 'Repr-Digest must carry a sha-256 member (RFC 9530)' })
}

export function formatReprDigest(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`
}
