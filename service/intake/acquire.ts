/** Acquisition: the body streams once through digest, limit and seal; what it turns out to be is probed before anything is kept. */
import { join } from 'node:path'
import { newId } from '../custody/id.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../http/problem.ts'
import { type Asker, type Court, demand, keepDecision, type Permission, polOf, whoOf } from '../policy/judge.ts'
import { type ClipLimits, probeClip } from '../redaction/probe.ts'
import type { Spooled, Vault } from '../vault/vault.ts'
import { incidentFacts } from './facts.ts'
import type { Place } from './incidents.ts'
import { firstLock } from './keeping.ts'
import { newNumber } from './numbers.ts'
import { exhibits, type Incident, type Media } from './tables.ts'

export interface Intake extends Court {
  readonly vault: Vault
  /** Where a location lies; undefined where nothing is laid down for it. */
  readonly places: (locationId: string) => Place | undefined
  /** Agencies that an incident can be reported to, by id. */
  readonly agencies: { has(agencyId: string): boolean }
  readonly maxClipBytes: number
  readonly limits: ClipLimits
}

export interface Delivery {
  readonly incident: Incident
  readonly body: AsyncIterable<Uint8Array>
  /** What the sender says the SHA-256 is, hex. */
  readonly expectedSha256: string | undefined
  /** What the sender says the length is, bytes. */
  readonly expectedLen: number | undefined
  /** Checks an idempotency key against the digest before anything is kept. */
  readonly known: (sha256: string) => Promise<string | undefined>
  /** Binds it in the act's own transaction. */
  readonly bind: (tx: Tx, sha256: string, exhibitNumber: string) => Promise<void>
}

/**
 * Seals a clip as an exhibit and answers its number. Throws the problem that says what is wrong with it, after the refusal stands in the
 * ledger on the incident's chain. A crash at any line leaves no exhibit, and no object that the vault's recovery does not find.
 */
export async function acquire(intake: Intake, asker: Asker, delivery: Delivery): Promise<string> {
  const { incident } = delivery
  const permission = await demand(intake, asker, 'exhibit.acquire', incident.chainOfCustodyId, {
    exhibit: incidentFacts(incident),
  })
  await using folder = await intake.vault.workFolder()
  let spooled: Spooled | undefined
  try {
    const plaintext = join(folder.path, 'clip')
    spooled = await intake.vault.spool(bodyOf(delivery), {
      region: incident.region,
      maxBytes: intake.maxClipBytes,
      plaintextTo: plaintext,
    })
    const before = await delivery.known(spooled.sha256)
    if (before !== undefined) return before
    if (delivery.expectedSha256 !== undefined && delivery.expectedSha256 !== spooled.sha256)
      throw new Problem('digest-mismatch')
    const media = mediaOf(await probeClip(plaintext, intake.limits))
    return await keep(intake, asker, delivery, spooled, media, permission)
  } catch (error) {
    throw error instanceof Problem && error.status < 500
      ? await recordRefusal(intake, asker, incident, permission, error, spooled)
      : error
  } finally {
    await spooled?.discard()
  }
}

async function keep(
  intake: Intake,
  asker: Asker,
  delivery: Delivery,
  spooled: Spooled,
  media: Media,
  permission: Permission,
): Promise<string> {
  const { incident } = delivery
  const { decision, req } = permission
  const now = intake.nowSeconds()
  const retainUntil = new Date((now + decision.obligations.retentionDays * 86_400) * 1000)
  // The object is under lock before any row speaks of it: a crash after this line leaves an intent that recovery resolves.
  const { clipRef } = await intake.vault.store(spooled, {
    role: 'master',
    retainUntil: firstLock(intake, retainUntil),
    onLoss: loss => recordLoss(intake, asker, delivery.incident, spooled, loss),
  })
  const exhibitNumber = newNumber('EX')
  const chain = newId()
  const { sha256, len } = spooled
  const staged = await intake.db.transaction(async tx => {
    // From here on no disposal of an older exhibit of this clip takes the object away.
    await intake.vault.pin(tx, clipRef)
    await tx.insert(exhibits).values({
      exhibitNumber,
      incidentId: incident.incidentId,
      agencyId: incident.agencyId,
      region: incident.region,
      clipRef,
      sha256,
      len,
      media,
      chain,
      req,
      retainUntil,
      createdAt: new Date(now * 1000),
    })
    await delivery.bind(tx, sha256, exhibitNumber)
    await keepDecision(tx, req, decision)
    return intake.ledger.stage(tx, {
      chain,
      req,
      ev: 'exhibit.acquired',
      who: whoOf(asker),
      pol: polOf(decision),
      obj: { sha256, len, role: 'master' },
    })
  })
  await intake.ledger.recorded(staged)
  return exhibitNumber
}

/** What was delivered before is lost, and these bytes mend it: not before that stands on the record. */
async function recordLoss(
  { ledger }: Intake,
  asker: Asker,
  { chainOfCustodyId: chain }: Incident,
  { sha256, len }: Spooled,
  loss: string,
): Promise<void> {
  await ledger.append({
    chain,
    req: newId(),
    ev: 'integrity.failed',
    who: whoOf(asker),
    obj: { sha256, len, role: 'master' },
    pol: { bundle: '', data: '', input: '', outcome: 'refuse', reasons: [`object.${loss}`] },
  })
}

async function recordRefusal(
  intake: Intake,
  asker: Asker,
  incident: Incident,
  { decision, req }: Permission,
  problem: Problem,
  spooled: Spooled | undefined,
) {
  const staged = await intake.db.transaction(async tx => {
    await keepDecision(tx, req, decision)
    return intake.ledger.stage(tx, {
      chain: incident.chainOfCustodyId,
      req,
      ev: 'acquisition.refused',
      who: whoOf(asker),
      pol: { ...polOf(decision), outcome: 'refuse', reasons: [problem.type] },
      ...(spooled && { obj: { sha256: spooled.sha256, len: spooled.len, role: 'attempt' } }),
    })
  })
  const { index } = await intake.ledger.recorded(staged)
  return problem.recordedAt(index)
}

/** A connection that breaks ends the iteration with the transport's own error; to us that is a body cut off. */
async function* bodyOf({ body, expectedLen }: Delivery): AsyncIterable<Uint8Array> {
  let len = 0
  try {
    for await (const chunk of body) {
      len += chunk.length
      yield chunk
    }
  } catch (cause) {
    throw new Problem('body-truncated', { cause })
  }
  if (expectedLen !== undefined && len !== expectedLen) throw new Problem('body-truncated')
}

function mediaOf(clip: Awaited<ReturnType<typeof probeClip>>): Media {
  return {
    container: clip.format,
    codec: clip.codec,
    width: clip.width,
    height: clip.height,
    frames: clip.frames,
    durationMs: Math.round(clip.durationSeconds * 1000),
    audioStreams: clip.audioStreams,
  }
}
