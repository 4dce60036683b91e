/** A real package: a real ledger's chain, the real builder, and an agency of its own beside another whose acts stay closed. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerDigest } from '../../service/custody/answer-digest.ts'
import { canonicalJson } from '../../service/custody/canonical.ts'
import { newId } from '../../service/custody/id.ts'
import type { Act, Ledger } from '../../service/custody/ledger.ts'
import { buildPackage, type PackageInput } from '../../service/disclosure/package/build.ts'
import { recipientOpenings } from '../../service/intake/openings.ts'
import { receiptFor } from '../../service/intake/receipts.ts'
import type { Decision } from '../../service/policy/decision.ts'
import { boundFor, canonicalCertificate, type LeakCertificate } from '../../service/redaction/certificate.ts'
import { canonicalPlan, type RedactionPlan } from '../../service/redaction/plan.ts'
import { testAct, testDatabase, testLedger } from '../custody/setup.ts'

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

const master = { sha256: sha256('the master'), len: 10, role: 'master' } as const

export const plan: RedactionPlan = {
  v: 'custos-plan/v1',
  clip: { sha256: master.sha256, width: 320, height: 240, frames: 50 },
  tool: { models: [{ name: 'faces', sha256: sha256('faces') }], parameters: {} },
  classes: ['face', 'plate'],
  tracks: [
    {
      id: 1,
      class: 'face',
      ground: 'bystander',
      origin: { kind: 'detector', models: [sha256('faces')] },
      confidence: 812,
      runs: [[3, 20, 10, 20, 30, 40]],
      unseen: [[18, 20]],
    },
  ],
  couldNotTell: [[44, 45]],
}

/** A clean certificate of a second look, but for `changes`. */
export function certificateOf(copy: Uint8Array, changes: Partial<LeakCertificate> = {}): LeakCertificate {
  return {
    v: 'custos-leak-certificate/v2',
    clip: { sha256: master.sha256, frames: 50 },
    copy: { sha256: sha256(copy), len: copy.length, width: 320, height: 240 },
    plan: { sha256: sha256(canonicalPlan(plan)), classes: ['face', 'plate'], models: plan.tool.models },
    frames: { listed: 50, decoded: 50, farthestTickPerMille: 12 },
    fill: { colour: '#000000', tolerance: 12, edgePixels: 4, frames: 18, boxes: 18, worst: 3, framesBeyond: [] },
    metadata: [],
    couldNotTell: { frames: 2, blanked: true, ranges: [[44, 45]] },
    looks: [
      {
        family: 'detectors',
        classes: ['face', 'plate'],
        models: [{ name: 'faces', sha256: sha256('faces') }],
        independence: 'same-models',
        view: { mirrored: true, width: 512, height: 288 },
        framesScanned: 50,
      },
    ],
    residual: { tracks: 0, frames: 0, hits: [] },
    bounds: [boundFor('detectors', 50, 0)],
    ...changes,
  }
}

const facts = canonicalJson({ action: 'request.file', subject: 'person-7' })
const answer = {
  outcome: 'permit',
  reasons: [],
  obligations: {
    approvals: 0,
    audio: 'drop',
    couldNotTell: 'blank',
    expiresAfterDays: 30,
    fill: 'constant',
    holdDays: 0,
    leakLimit: { boundPerMillion: 1_000_000, couldNotTellFrames: 0, residualTracks: 0 },
    leastWidthPx: { face: 6, plate: 18 },
    lockDays: 0,
    maxDownloads: 3,
    redact: ['face', 'plate'],
    region: 'eu-west',
    retentionDays: 365,
  },
} as const
export const decision: Decision = {
  rule: 'disclosure',
  ...answer,
  answer: new TextDecoder().decode(canonicalJson(answer)),
  bundle: sha256('bundle'),
  data: sha256('data'),
  inputDigest: sha256(facts),
  input: new TextDecoder().decode(facts),
}

export interface TestPackage extends AsyncDisposable {
  readonly dir: string
  readonly zip: string
  readonly key: string
  readonly ledger: Ledger
  readonly chain: string
  readonly input: PackageInput
  readonly built: { sha256: string; len: number }
  /** Files for `--key` and `--proof`. */
  readonly keyFile: string
  readonly receiptFile: string
  /** The checkpoint as it stood right after the acquisition, and before the package's own. */
  readonly earlier: string
}

/** What this package's ledger tells otherwise than a true one. */
export interface Story {
  readonly acquired?: Act['obj']
  readonly from?: Act['from']
  readonly omitted?: 'parent' | 'plan'
  readonly copyRole?: 'master'
  readonly pol?: Partial<Act['pol']>
  readonly plan?: RedactionPlan
  readonly certificate?: Partial<LeakCertificate>
  /** Edits in their order, each of the plan before; the last one's result is the plan, unless it says otherwise. */
  readonly edits?: readonly { obj?: RedactionPlan; plan?: undefined; edit?: undefined }[]
  /** What detectors planned, where it is not what the copy or the first edit was made from. */
  readonly planned?: RedactionPlan | 'never' | 'afterwards'
  readonly manifest?: object
  /** What a person decided about this very certificate. */
  readonly review?: 'review.release' | 'review.withhold'
  readonly reviewed?: Act['from']
}

/** `ledger` is another package's, to share; left out, a new one on a database of its own. */
export async function makePackage(story: Story = {}, shared?: Ledger): Promise<TestPackage> {
  await using stack = new AsyncDisposableStack()
  const ledger = shared ?? stack.use(await testLedger(stack.use(await testDatabase()).database))
  const dir = await mkdtemp(join(tmpdir(), 'custos-package-'))
  stack.defer(() => rm(dir, { recursive: true }))
  const chain = newId()
  const video = randomBytes(70_000)
  const planned = {
    plan: { sha256: sha256(canonicalPlan(story.plan ?? plan)), classes: ['face' as const], models: plan.tool.models },
  }
  const files = {
    redacted: join(dir, 'redacted.mp4'),
    plan: new TextEncoder().encode(canonicalPlan(story.plan ?? plan)),
    manifest: canonicalJson({
      v: 'custos-redaction-manifest/v1',
      copy: { sha256: sha256(video), len: video.length },
      plan: { sha256: planned.plan.sha256 },
      regions: [],
      ...story.manifest,
    }),
    certificate: new TextEncoder().encode(
      canonicalCertificate(certificateOf(video, { ...planned, ...story.certificate })),
    ),
  }
  await writeFile(files.redacted, video)
  const derivative = { sha256: sha256(video), len: video.length, role: story.copyRole ?? 'derivative' } as const
  const record = (act: Partial<Act>) => ledger.append(testAct({ chain, ...act }))
  const agency = { subject: 'person-7', organisation: 'agency-7', credential: 'token-7' }
  const other = { subject: 'person-8', organisation: 'agency-8', credential: 'token-8' }
  const custodian = { subject: 'store-1', organisation: 'custodian', credential: 'token-1' }
  await ledger.append(testAct())
  await record({ ev: 'exhibit.acquired', who: custodian, obj: story.acquired ?? master })
  const earlier = await ledger.checkpoint()
  const pol = {
    bundle: decision.bundle,
    data: decision.data,
    input: decision.inputDigest,
    outcome: 'permit',
    purpose: 'investigation',
    answer: answerDigest(decision),
    ...story.pol,
  }
  await record({ ev: 'request.approved', who: agency, pol })
  await ledger.append(testAct())
  await record({ ev: 'request.approved', who: other, pol: { ...pol, purpose: 'another matter' } })
  const { [story.omitted ?? 'tool']: _omitted, ...from } = {
    tool: sha256('tool'),
    parent: master.sha256,
    plan: sha256(files.plan),
    manifest: sha256(files.manifest),
    certificate: sha256(files.certificate),
    ...story.from,
  }
  let before = story.edits ? sha256(canonicalPlan(plan)) : sha256(files.plan)
  const detected = typeof story.planned === 'object' ? sha256(canonicalPlan(story.planned)) : before
  const planning = {
    ev: 'redaction.planned',
    who: custodian,
    obj: { sha256: detected, len: 1, role: 'plan' },
    from: { parent: master.sha256 },
  } as const
  if (story.planned !== 'never' && story.planned !== 'afterwards') await record(planning)
  for (const { obj, ...omitted } of story.edits ?? []) {
    const after = obj ? sha256(canonicalPlan(obj)) : sha256(files.plan)
    const { edit, plan: parent } = { edit: sha256('an edit'), plan: before, ...omitted }
    await record({
      ev: 'redaction.planned',
      who: custodian,
      obj: { sha256: after, len: 1, role: 'plan' },
      from: { parent: master.sha256, ...(edit && { edit }), ...(parent && { plan: parent }) },
    })
    before = after
  }
  await record({ ev: 'exhibit.redacted', who: custodian, obj: derivative, from })
  if (story.planned === 'afterwards') await record(planning)
  if (story.review) {
    const reviewed = { parent: derivative.sha256, certificate: from.certificate, ...story.reviewed }
    await record({ ev: 'redaction.reviewed', who: custodian, from: reviewed, pol: { ...pol, reasons: [story.review] } })
  }
  await ledger.append(testAct())
  const bundle = await ledger.bundle(chain, {
    opening: recipientOpenings(await ledger.chain(chain), 'agency-7', {
      sha256: derivative.sha256,
      certificate: from.certificate,
    }),
  })
  const input: PackageInput = {
    disclosureId: 'DS-0000-1111-2222',
    createdAt: '2026-03-01T12:00:05.123456Z',
    decision,
    bundle,
    facts: {
      custodian: 'Example Stores <Ltd> & Co',
      exhibitNumber: 'EX-AAAA-BBBB-CCCC',
      derivativeNumber: 'EX-AAAA-BBBB-DDDD',
      incident: { type: 'shoplifting', timestampUtc: '2026-02-27T18:04:00Z' },
      recipient: 'agency-7',
      purpose: 'investigation',
      authority: { type: 'warrant', identifier: 'W-17/26', issuer: 'Example Court', issuedAt: '2026-02-28T09:00:00Z' },
    },
    ...files,
  }
  const zip = join(dir, 'package.zip')
  const built = await buildPackage(input, zip)
  const prepared = await record({ ev: 'disclosure.prepared', who: agency, obj: { ...built, role: 'package' } })
  const [keyFile, receiptFile] = [join(dir, 'key'), join(dir, 'receipt.tlog-proof')]
  await writeFile(keyFile, `${ledger.verifierKey}\n`)
  await writeFile(receiptFile, await receiptFor(ledger, prepared))
  const kept = stack.move()
  const key = ledger.verifierKey
  return {
    dir,
    zip,
    key,
    ledger,
    chain,
    input,
    built,
    keyFile,
    receiptFile,
    earlier,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
