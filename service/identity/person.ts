/** Who is asking, as a verified access token says it. */
export const roles = ['device', 'store-operator', 'officer', 'lawyer', 'auditor', 'records-manager'] as const
export type Role = (typeof roles)[number]

export interface Person {
  /** Opaque id from the issuer, never a name. */
  readonly subject: string
  /** The agency, or the custodian itself. */
  readonly organisation: string
  readonly roles: readonly Role[]
  /** NIST SP 800-63 authenticator assurance level, 1 to 3. */
  readonly assurance: number
  /** SHA-256 of the token's id, hex: names the credential in the ledger without being one. */
  readonly credential: string
}
