/** The only way by which evidence leaves over HTTP: judged again, recorded, and only then do bytes move. */
import type { Act } from '../custody/act.ts'
import type { Recorded } from '../custody/recorded.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { type Asker, type Court, demand, keepDecision, polOf, whoOf } from '../policy/judge.ts'
import type { Vault } from '../vault/vault.ts'
import type { Agencies } from './agencies.ts'
import { agencyFacts, obligationsOf } from './facts.ts'
import { recordIntegrity } from './integrity.ts'
import { isOvertaken, lockRequest } from './plans.ts'
import { countDownload, discountDownload } from './store.ts'
import type { Derivative, Disclosure, Request } from './tables.ts'
import { traceDisclosure } from './trace.ts'

export interface Releasing extends Court {
  readonly vault: Vault
  readonly agencies: Agencies
  readonly houseChain: string
}

export interface Release {
  readonly len: number
  readonly sha256: string
  readonly start: number
  readonly end: number
  /** Undefined for a HEAD: recorded as an access like any other, but nothing moves. */
  readonly body?: ReadableStream<Uint8Array>
}

export interface Wanted {
  readonly disclosureId: string
  readonly headOnly: boolean
  /** Byte offsets, both included, already known to be numbers; undefined for the whole. */
  readonly range?: { readonly start: number; readonly end: number | undefined }
}

/**
 * Releases a package. Throws `not-found`, `not-ready`, `range-not-satisfiable`, `refused-by-policy`, `package-overtaken`, or what the
 * ledger throws when it cannot record: in each case before the vault has been asked for a byte.
 */
export async function release(parts: Releasing, asker: Asker, wanted: Wanted): Promise<Release> {
  const { disclosure, request, derivative, chain, circumstances } = await traceDisclosure(parts, wanted.disclosureId)
  const { decision, req } = await demand(parts, asker, 'package.download', chain, {
    ...circumstances,
    ...agencyFacts(parts.agencies, request?.agencyId ?? asker.organisation),
  })
  if (!disclosure || !request) throw new Problem('not-found')
  const { packageRef, packageLen, packageSha256 } = ready(disclosure)
  const { start, end } = within(packageLen, wanted.range)
  const act = {
    chain: disclosure.chain,
    req,
    who: whoOf(asker),
    obj: { sha256: packageSha256, len: packageLen, role: 'package' as const },
  }
  const { staged, refused } = await parts.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    const refused = await refusedByNow(tx, request, derivative, wanted.headOnly)
    const pol = polOf(decision, request.filed.purpose)
    if (!refused) return { staged: await parts.ledger.stage(tx, { ...act, ev: 'access.permitted', pol }) }
    const refusing = { ...pol, outcome: 'refuse', reasons: [refused] }
    return { staged: await parts.ledger.stage(tx, { ...act, ev: 'access.refused', pol: refusing }), refused }
  })
  const recorded = await parts.ledger.recorded(staged)
  if (refused === 'package.overtaken') throw overtaken().recordedAt(recorded.index)
  if (refused) throw new Problem('refused-by-policy', { reasons: [refused], ledgerIndex: recorded.index })
  const whole = { len: packageLen, sha256: packageSha256, start, end }
  if (wanted.headOnly) return whole
  return {
    ...whole,
    body: await openAccounted(parts, act, packageRef, recorded, whole, tx => discountDownload(tx, request.requestId)),
  }
}

/**
 * Policy judged what it was told: the lock lets only one of two that come at once have the last download, and an edit come before or after.
 * Answers the reason why not; otherwise the download is counted, unless it is a HEAD.
 */
async function refusedByNow(
  tx: Tx,
  request: Request,
  derivative: Derivative | undefined,
  headOnly: boolean,
): Promise<'package.overtaken' | 'request.downloads-spent' | undefined> {
  const { requestId } = request
  await lockRequest(tx, requestId)
  if (await isOvertaken(tx, requestId, derivative)) return 'package.overtaken'
  if (headOnly) return undefined
  return (await countDownload(tx, requestId, obligationsOf(request).maxDownloads))
    ? undefined
    : 'request.downloads-spent'
}

/**
 * Shows the redacted copy of a disclosure to whoever decides on it; it counts as no download. Throws as `release` does, and `not-ready`
 * while there is no copy or it is being made.
 */
export async function preview(parts: Releasing, asker: Asker, wanted: Wanted): Promise<Release> {
  const { disclosure, request, derivative, chain, circumstances } = await traceDisclosure(parts, wanted.disclosureId)
  const { decision, req } = await demand(parts, asker, 'copy.preview', chain, circumstances)
  if (!disclosure || !request) throw new Problem('not-found')
  if (!derivative || !['review', 'ready'].includes(disclosure.state))
    throw new Problem('not-ready', { detail: `The disclosure is ${disclosure.state}.` })
  const { clipRef, sha256, len } = derivative
  const { start, end } = within(len, wanted.range)
  const act = { chain, req, who: whoOf(asker), obj: { sha256, len, role: 'derivative' as const } }
  const staged = await parts.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    return parts.ledger.stage(tx, { ...act, ev: 'access.permitted', pol: polOf(decision, request.filed.purpose) })
  })
  const recorded = await parts.ledger.recorded(staged)
  const whole = { len, sha256, start, end }
  if (wanted.headOnly) return whole
  return { ...whole, body: await openAccounted(parts, act, clipRef, recorded, whole) }
}

type AccessAct = Pick<Act, 'chain' | 'req' | 'who'> & { obj: NonNullable<Act['obj']> }

/**
 * Every release ends in the ledger: whole, or broken off, also when the client went away before the first byte. `unsent` commits with the
 * entry of one of which no byte left, once at most; where that entry cannot be made, what was counted stays counted.
 */
async function openAccounted(
  parts: Releasing,
  act: AccessAct,
  ref: string,
  recorded: Recorded,
  { start, end }: Pick<Release, 'start' | 'end'>,
  unsent: (tx: Tx) => Promise<void> = async () => {},
) {
  let [over, sent] = [false, false]
  const finish = async (ev: 'access.completed' | 'access.aborted') => {
    if (over) return
    over = true
    const staged = await parts.db.transaction(async tx => {
      if (!sent) await unsent(tx)
      return parts.ledger.stage(tx, { ...act, ev })
    })
    await parts.ledger.recorded(staged)
  }
  try {
    const opened = await parts.vault.open(ref, recorded, { start, end: end + 1 })
    const source = opened.stream[Symbol.asyncIterator]()
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { value, done } = await source.next()
          if (!done) {
            // After a cancel it throws, and the byte stays here.
            controller.enqueue(value)
            sent = true
            return
          }
          await finish('access.completed')
          controller.close()
        } catch (error) {
          await finish('access.aborted').catch(() => {})
          await recordIntegrity(parts.ledger, act, error).catch(() => {})
          // Erroring the stream destroys the connection, so that nobody takes the part for the whole.
          controller.error(error)
        }
      },
      async cancel() {
        await source.return?.()
        await finish('access.aborted')
      },
    })
  } catch (error) {
    await recordIntegrity(parts.ledger, act, error)
    await finish('access.aborted')
    throw error
  }
}

function overtaken(): Problem {
  return new Problem('package-overtaken', {
    detail:
      'Prepare another disclosure of the request: it is rendered from the plan that stands now, and a person releases it.',
  })
}

function ready({ state, packageRef, packageLen, packageSha256 }: Disclosure) {
  if (state !== 'ready' || packageRef === null || packageLen === null || packageSha256 === null) {
    throw new Problem('not-ready', { detail: `The disclosure is ${state}.` })
  }
  return { packageRef, packageLen, packageSha256 }
}

/** RFC 9110, section 14.1.2; an absent or suffix range is the caller's to translate. Offsets, both included. */
function within(len: number, range: Wanted['range']): { start: number; end: number } {
  if (!range) return { start: 0, end: len - 1 }
  const end = Math.min(range.end ?? len - 1, len - 1)
  if (range.start > end) throw new Problem('range-not-satisfiable')
  return { start: range.start, end }
}
