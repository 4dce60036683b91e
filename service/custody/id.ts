import { randomBytes } from 'node:crypto'

/** A new chain or act id: 128 random bits as 32 lowercase hex digits. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text)
}
