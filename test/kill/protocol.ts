/** What parent and child say to each other, and what the parent has been told by the service over HTTP. */
import type { Deadline } from './crossings.ts'

export interface KnownExhibit {
  readonly exhibitNumber: string
  readonly sha256: string
  readonly clipRef: string
  readonly len: number
  readonly chain: string
  readonly ledgerIndex: number
  /** Of the delivery. */
  readonly key: string
  /** Which clip it is of, and what it was delivered to. */
  readonly seed: number
  readonly incidentId: string
}

export interface KnownDisclosure {
  readonly disclosureId: string
  readonly requestId: string
  /** Whole packages that arrived. */
  downloads: number
  sha256?: string
}

/** All that was acknowledged before a kill, and must be true after it. */
export interface Acknowledged {
  readonly incidents: string[]
  readonly exhibits: KnownExhibit[]
  readonly requests: { readonly requestId: string; readonly exhibitNumber: string; readonly chain: string }[]
  readonly disclosures: KnownDisclosure[]
  /** Exhibit numbers that were seen disposed of. */
  readonly disposed: string[]
  /** Heads of the tree that receipts vouched for: size and root, base64. */
  readonly heads: { readonly size: number; readonly root: string }[]
}

export function nothingYet(): Acknowledged {
  return { incidents: [], exhibits: [], requests: [], disclosures: [], disposed: [], heads: [] }
}

export interface Settled {
  /** What does not hold, in words; none when all does. */
  readonly findings: string[]
  readonly disposed: string[]
  readonly derivatives: number
  readonly nowSeconds: number
  readonly entries: number
  /** Folders of ours that lie in the folder for temporary files. */
  readonly temporary: number
}

/** The child answers each with `{id, result}` or `{id, error}`. */
export type Command =
  | { readonly do: 'open'; readonly nowSeconds: number; readonly deadline?: Deadline | undefined }
  | { readonly do: 'arm'; readonly deadline?: Deadline | undefined }
  | { readonly do: 'clock'; readonly nowSeconds: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'settle'; readonly acknowledged: Acknowledged; readonly daysOn: number }

export interface Answers {
  open: { readonly port: number }
  arm: null
  clock: null
  sweep: { readonly failed: string[] }
  settle: Settled
}
