/** Where everything in a disclosure package lies (docs/formats/package.md). Paths are relative to the bag's root folder. */
export const packagePath = {
  redacted: 'data/redacted.mp4',
  manifest: 'data/redaction-manifest.json',
  certificate: 'data/leak-certificate.json',
  plan: 'data/plan.json',
  decision: 'data/decision.json',
  page: 'data/index.html',
  certificateDraft: 'data/certificate-draft.txt',
  case: 'data/case.jsonld',
  checkpoint: 'data/custody/checkpoint',
  openings: 'data/custody/openings.json',
} as const

/** The leak certificate as a page. Packages of before it lack it. */
export const certificatePagePath = 'data/leak-certificate.html'
export const optionalPaths: readonly string[] = [certificatePagePath]

/** Files that explain and are no evidence: the ledger covers them only through the `disclosure.prepared` proof beside the ZIP. */
export const explanatoryPaths: readonly string[] = [
  packagePath.page,
  certificatePagePath,
  packagePath.certificateDraft,
  packagePath.case,
]

/** BagIt 1.0 (RFC 8493): both algorithms are written and both are demanded. */
export const bagAlgorithms = ['sha256', 'sha512'] as const
export type BagAlgorithm = (typeof bagAlgorithms)[number]
export const manifestPath = (algorithm: BagAlgorithm) => `manifest-${algorithm}.txt`
export const tagManifestPath = (algorithm: BagAlgorithm) => `tagmanifest-${algorithm}.txt`
export const bagDeclaration = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'
export const bagTagPaths: readonly string[] = [
  'bagit.txt',
  'bag-info.txt',
  ...bagAlgorithms.flatMap(algorithm => [manifestPath(algorithm), tagManifestPath(algorithm)]),
]

const twelve = (index: number) => String(index).padStart(12, '0')
export const entryPath = (index: number) => `data/custody/entries/${twelve(index)}.json`
export const proofPath = (index: number) => `data/custody/proofs/${twelve(index)}.tlog-proof`

/** The global ledger index that an entry's or a proof's path names, or undefined for every other path. */
export function indexOf(path: string, kind: 'entries' | 'proofs'): number | undefined {
  const match = /^data\/custody\/(entries|proofs)\/(\d{12})\.(json|tlog-proof)$/.exec(path)
  const suits = match?.[1] === kind && match[3] === (kind === 'entries' ? 'json' : 'tlog-proof')
  return suits ? Number(match[2]) : undefined
}

/** The ZIP's archive comment: `custos-package/v1 sha256:` and the SHA-256 of every byte before it. */
export const sealPrefix = 'custos-package/v1 sha256:'
export const sealLength = sealPrefix.length + 64
