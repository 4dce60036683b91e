import { hash } from 'node:crypto'

/** SHA-256. The only hash in this room; a browser build replaces this file and ed25519.ts, nothing else. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}
