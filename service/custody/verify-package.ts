/** Verifies a disclosure package offline (docs/formats/package.md). No I/O: the caller reads the ZIP, this judges what it found. */
import { type Check, runCheck, verdict as verdictOf } from './check.ts'
import { checkComplete, checkDeclaration, checkDigests, checkListed } from './package-bag.ts'
import { chainInput, readOpenings } from './package-chain.ts'
import { type Files, type PackageCode, type PackageListing, refuted, someOf } from './package-check.ts'
import { packagePath } from './package-layout.ts'
import { checkLeakLimit } from './package-leak.ts'
import { checkPlanned } from './package-plan.ts'
import {
  checkAcquisition,
  checkDecision,
  checkManifest,
  checkObligations,
  checkParent,
  checkPrepared,
  checkRedactedCopy,
  checkSource,
  redactionOf,
} from './package-record.ts'
import { openReceipt } from './receipt.ts'
import { type ChainInput, type Trust, verifyChain } from './verify.ts'
import { decodeEntries } from './verify-chain.ts'

export {
  type PackageCode,
  type PackageFault,
  type PackageFile,
  type PackageListing,
  packageCodes,
} from './package-check.ts'

/** None of it may come out of the package. */
export interface PackageTrust extends Trust {
  /** The receipt of `disclosure.prepared` that travels beside the ZIP. */
  readonly receipt?: string
}

export type PackageCheck = Check<PackageCode>

export interface PackageVerdict {
  /** True for `verified` alone. */
  readonly ok: boolean
  readonly verdict: 'verified' | 'refuted' | 'cannot-be-judged'
  /** Every check in a fixed order, each name once. */
  readonly checks: readonly PackageCheck[]
}

/** Answers every check, also those behind a failed one. Without a trusted key the verdict is never `verified`. */
export function verifyPackage(listing: PackageListing, trust: PackageTrust): PackageVerdict {
  const files: Files = new Map(listing.files.map(file => [file.path, file]))
  const input = chainInput(files, trust)
  const chain = verifyChain(input, trust)
  return conclude([
    check('container', () => checkContainer(listing)),
    ...checkBag(files),
    ...chain,
    ...checkRecord(files, chain.every(({ name, ok }) => name !== 'openings' || ok) ? input : { openings: [] }),
    ...(trust.receipt === undefined ? [] : [checkBeside(trust.receipt, listing, input, trust)]),
  ])
}

/** What a caller answers that could not read the files at all. */
export function conclude(checks: readonly PackageCheck[]): PackageVerdict {
  const verdict = verdictOf(checks)
  return { ok: verdict === 'verified', verdict: verdict === 'unjudged' ? 'cannot-be-judged' : verdict, checks }
}

function checkContainer({ faults, root }: PackageListing): void {
  if (faults[0]) refuted(faults[0].code, someOf(faults.map(fault => fault.detail)))
  if (!/^custos-[A-Za-z0-9-]{1,64}$/.test(root)) refuted('name-unsafe', `the folder is called ${root}`)
}

function checkBag(files: Files): PackageCheck[] {
  return [
    check('bag-declaration', () => checkDeclaration(files)),
    check('bag-complete', () => checkComplete(files)),
    check('bag-manifests', () => checkListed(files)),
    check('bag-digests', () => checkDigests(files)),
    check('openings-file', () => readOpenings(files)),
  ]
}

function checkRecord(files: Files, { openings }: Pick<ChainInput, 'openings'>): PackageCheck[] {
  const redaction = redactionOf(openings, files.get(packagePath.redacted))
  return [
    check('acquisition', () => checkAcquisition(openings)),
    check('redacted-copy', () => checkRedactedCopy(files, redaction)),
    check('parent', () => checkParent(openings, redaction)),
    check('plan', () => checkSource(files, redaction, 'plan') ?? checkPlanned(files, openings, redaction)),
    check('redaction-manifest', () => checkSource(files, redaction, 'manifest') ?? checkManifest(files)),
    check('leak-certificate', () => checkSource(files, redaction, 'certificate')),
    check('leak-limit', () => checkLeakLimit(files, openings)),
    check('decision', () => checkDecision(files, openings)),
    check('obligations', () => checkObligations(files)),
  ]
}

function checkBeside(receipt: string, listing: PackageListing, input: ChainInput, trust: Trust): PackageCheck {
  const chain = runCheck('', () => decodeEntries(input.entries)).value?.[0]?.entry.chain
  return check('disclosure-recorded', () => checkPrepared(openReceipt(receipt, trust), listing, chain))
}

/** Words that a body answers become the detail. */
function check(name: string, body: () => unknown): PackageCheck {
  const { check: result, value } = runCheck<unknown, PackageCode>(name, body)
  return typeof value === 'string' ? { ...result, detail: value } : result
}
