/** What the parent does over HTTP, as the service's users do, and what it notes down as acknowledged. */
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiProblem } from '../../service/cli/client.ts'
import type { DisclosureView } from '../../service/cli/request.ts'
import { makeClip } from '../journeys/clips.ts'
import { demand, incident, type Receipt } from '../journeys/estate.ts'
import type { KnownExhibit } from './protocol.ts'
import { Died, type Life, type World } from './world.ts'

export interface Delivery {
  readonly key: string
  readonly seed: number
  readonly incidentId: string
  /** A clip to deliver; half a second in which nothing is found where absent. */
  readonly clip?: string
}

/** What was sent and not answered: its sender will try again. */
const unanswered = new WeakMap<World, Delivery[]>()
const clips = new WeakMap<World, number>()
const clipBytes = 1_400_000
let base: Promise<Buffer> | undefined

/** Every seed is another clip of the same picture: a `free` box is what MP4 has for bytes that mean nothing. */
async function clipOf({ seed, clip }: Delivery): Promise<Buffer> {
  if (clip !== undefined) return await readFile(clip)
  base ??= makeClip({ seconds: 0.5, size: '160x120', rate: 8 }).then(path => readFile(path))
  const picture = await base
  const box = Buffer.alloc(clipBytes - picture.length, `clip ${seed} `)
  box.writeUInt32BE(box.length, 0)
  box.write('free', 4, 'latin1')
  return Buffer.concat([picture, box])
}

/** An incident with a new clip, a clip that went unanswered, and one that is there already. */
export async function acquire(world: World, life: Life): Promise<void> {
  for (const delivery of unanswered.get(world) ?? []) await deliver(world, life, delivery)
  const incidentId = await recordIncident(world, life)
  const seed = (clips.get(world) ?? 0) + 1
  clips.set(world, seed)
  await deliver(world, life, { key: randomUUID(), seed, incidentId })
  const again = living(world).find(each => each.incidentId !== incidentId)
  if (again) await deliver(world, life, { key: randomUUID(), seed: again.seed, incidentId })
}

export async function recordIncident(world: World, life: Life): Promise<string> {
  const operator = await life.as('store-operator', 'custodian')
  const body = { ...incident, incident_type: 'vandalism', severity: 'low' }
  const made = await operator.json<{ incident_id: string }>('POST', '/v1/incidents', body)
  world.acknowledged.incidents.push(made.incident_id)
  return made.incident_id
}

export async function deliver(world: World, life: Life, delivery: Delivery): Promise<KnownExhibit> {
  const open = (unanswered.get(world) ?? []).filter(each => each.key !== delivery.key)
  unanswered.set(world, [...open, delivery])
  const operator = await life.as('store-operator', 'custodian')
  const body = await clipOf(delivery)
  const receipt = await patiently(async () => {
    const headers = { 'content-type': 'video/mp4', 'idempotency-key': delivery.key }
    const path = `/v1/incidents/${delivery.incidentId}/exhibits`
    return (await (await operator.send('POST', path, { body: new Uint8Array(body), headers })).json()) as Receipt
  })
  unanswered.set(world, open)
  const { exhibitNumber, clipRef, sha256, chain, ledgerIndex, proof } = receipt
  const known = { exhibitNumber, clipRef, sha256, len: body.length, chain, ledgerIndex, ...delivery }
  if (sha256 !== createHash('sha256').update(body).digest('hex')) throw new Error('the receipt is for another clip')
  world.acknowledged.exhibits.push(known)
  const [, size, root] = /\n\n[^\n]+\n(\d+)\n(\S{44})\n/.exec(proof)!
  world.acknowledged.heads.push({ size: Number(size), root: root! })
  world.acknowledged.heads.splice(0, world.acknowledged.heads.length - 8)
  return known
}

/** A request for a fresh clip, its disclosure, and the package. */
export async function disclose(world: World, life: Life): Promise<void> {
  await acquire(world, life)
  let view = await ask(world, life)
  const { disclosureId } = view
  const known = world.acknowledged.disclosures.at(-1)!
  const officer = await life.as('officer', 'agency-a')
  while (view.state === 'queued' || view.state === 'running') {
    await delay(100)
    view = await officer.json('GET', `/v1/disclosures/${disclosureId}`)
  }
  if (view.state !== 'ready') throw new Error(`the disclosure is ${view.state}: ${view.failure}`)
  const response = await officer.send('GET', `/v1/disclosures/${disclosureId}/package`)
  const sha256 = createHash('sha256')
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest()
  if (response.headers.get('repr-digest') !== `sha-256=:${sha256.toString('base64')}:`)
    throw new Error('the package is not what its digest says')
  Object.assign(known, { downloads: 1, sha256: sha256.toString('hex') })
}

/** A request for the clip that came last, and its disclosure, which is not waited for. */
export async function ask(world: World, life: Life): Promise<DisclosureView> {
  const { exhibitNumber, chain } = world.acknowledged.exhibits.at(-1)!
  const officer = await life.as('officer', 'agency-a')
  const issuedAt = new Date((world.nowSeconds - 3600) * 1000).toISOString()
  const demanded = demand(exhibitNumber)
  const { requestId } = await officer.json<{ requestId: string }>('POST', '/v1/requests', {
    ...demanded,
    authority: { ...demanded.authority, issuedAt },
  })
  world.acknowledged.requests.push({ requestId, exhibitNumber, chain })
  const view = await officer.json<DisclosureView>('POST', `/v1/requests/${requestId}/disclosures`)
  world.acknowledged.disclosures.push({ disclosureId: view.disclosureId, requestId, downloads: 0 })
  return view
}

/** The end of a schedule, with a hold before it: sweeps at the report, at the disposal and at the end of the lock. */
export async function dispose(world: World, life: Life): Promise<void> {
  if (living(world).length === 0) await acquire(world, life)
  const { exhibitNumber } = living(world)[0]!
  const manager = await life.as('records-manager', 'custodian')
  const issuedAt = new Date((world.nowSeconds - 3600) * 1000).toISOString()
  const authority = { type: 'litigation-notice', identifier: 'L-1', issuer: 'claimant', issuedAt }
  const reason = 'A claim was announced over the events that this clip shows.'
  const hold = { caseRef: 'C-1', kind: 'litigation', reason, authority }
  const { holdId } = await manager.json<{ holdId: string }>('POST', `/v1/exhibits/${exhibitNumber}/holds`, hold)
  await sweep(world, life, 8)
  await manager.json('POST', `/v1/holds/${holdId}/lifts`, { reason: 'The case is closed.' })
  for (const days of [25, 2, 15]) await sweep(world, life, days)
  const view = await manager.json<{ disposedAt?: string }>('GET', `/v1/exhibits/${exhibitNumber}`)
  if (view.disposedAt) world.acknowledged.disposed.push(exhibitNumber)
}

async function sweep(world: World, life: Life, daysLater: number): Promise<void> {
  world.nowSeconds += daysLater * 86_400
  await life.tell({ do: 'clock', nowSeconds: world.nowSeconds })
  const { failed } = await life.tell({ do: 'sweep' })
  if (failed.length > 0) throw new Error(`sweeps failed: ${failed.join(', ')}`)
}

const living = ({ acknowledged }: World) =>
  acknowledged.exhibits.filter(each => !acknowledged.disposed.includes(each.exhibitNumber))

/** What answers 503 is tried again, as Retry-After asks. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 5 || !(error instanceof ApiProblem && error.problem.status === 503)) throw error
      await delay(300)
    }
  }
}

/** True when the act ended because the process did; throws what else ended it. */
export async function untilDeath(life: Life, act: Promise<void>): Promise<boolean> {
  try {
    await Promise.race([act, life.ended.then(() => Promise.reject(new Died()))])
    return life.dead
  } catch (error) {
    // A connection that breaks says so before the process is known to be gone.
    await Promise.race([life.ended, delay(2_000)])
    if (life.dead) return true
    throw error
  } finally {
    act.catch(() => {})
  }
}
