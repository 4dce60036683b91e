/** Builds a disclosure package (docs/formats/package.md): a function of its input alone, so that a second try gives the same bytes. */
import { canonicalJson } from '../../custody/canonical.ts'
import { certificatePagePath, entryPath, packagePath, proofPath } from '../../custody/package-layout.ts'
import { completeBag, fileFromBytes, fileFromDisk } from './bag.ts'
import { caseJsonLd } from './case-jsonld.ts'
import { certificateDraft } from './certificate-draft.ts'
import { certificatePage } from './certificate-page.ts'
import { contentsOf, type PackageInput } from './contents.ts'
import { page } from './page.ts'
import { writeZip } from './zip.ts'

export type { PackageFacts, PackageInput } from './contents.ts'

/** SHA-256 (hex) and length of the ZIP at `outPath`, which appears whole or not at all. */
export async function buildPackage(input: PackageInput, outPath: string): Promise<{ sha256: string; len: number }> {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(input.disclosureId))
    throw new TypeError('a disclosure id is letters, digits and hyphens')
  const { bundle, decision } = input
  const redacted = await fileFromDisk(packagePath.redacted, input.redacted)
  const contents = contentsOf(input, redacted.digests.sha256)
  const { rule, outcome, reasons, obligations, bundle: policyBundle, data, inputDigest, input: facts } = decision
  const shown = { rule, outcome, reasons, obligations, bundle: policyBundle, data, inputDigest, input: facts }
  const payload = [
    redacted,
    fileFromBytes(packagePath.plan, input.plan),
    fileFromBytes(packagePath.manifest, input.manifest),
    fileFromBytes(packagePath.certificate, input.certificate),
    fileFromBytes(packagePath.decision, canonicalJson(shown, Number.POSITIVE_INFINITY)),
    fileFromBytes(packagePath.page, page(contents)),
    fileFromBytes(certificatePagePath, certificatePage(new TextDecoder().decode(input.certificate))),
    fileFromBytes(packagePath.certificateDraft, certificateDraft(contents)),
    fileFromBytes(packagePath.case, caseJsonLd(contents)),
    fileFromBytes(packagePath.checkpoint, bundle.checkpoint),
    fileFromBytes(packagePath.openings, canonicalJson(bundle.openings, Number.POSITIVE_INFINITY)),
    ...bundle.entries.flatMap(({ index, bytes, proof }) => [
      fileFromBytes(entryPath(index), bytes),
      fileFromBytes(proofPath(index), proof),
    ]),
  ]
  const { root } = contents
  const bag = completeBag(payload, { root, createdAt: input.createdAt, custodian: input.facts.custodian })
  return writeZip(root, bag, new Date(input.createdAt), outPath)
}
