/** Kills, one after another on one world: at the line that was met least so far, or at a moment of chance; and what each of them cost. */
import { acquire, disclose, dispose, untilDeath } from './acts.ts'
import type { Deadline } from './crossings.ts'
import type { Settled } from './protocol.ts'
import { Died, type Life, type World } from './world.ts'

export type ActName = 'start' | 'acquire' | 'disclose' | 'dispose'

export interface Kill {
  readonly act: ActName
  /** The line it died at; `by chance` where the parent chose the moment, `at rest` where the act was over. */
  readonly at: string
  readonly findings: readonly string[]
}

/** What is known of the lines, over all worlds of a run. */
export interface Chart {
  /** Lines that each act crosses. */
  readonly lines: Map<ActName, Set<string>>
  /** How often each was armed. */
  readonly tries: Map<string, number>
  readonly kills: Kill[]
  /** Temporary folders that the kills left behind, over all worlds. */
  temporary: number
}

export function emptyChart(): Chart {
  return { lines: new Map(), tries: new Map(), kills: [], temporary: 0 }
}

export interface Plan {
  /** Acts in turn. */
  readonly acts: readonly ActName[]
  readonly kills: number
  /** One kill in so many is at a moment of chance. */
  readonly chanceEvery: number
  /** Only lines whose name it matches. */
  readonly only?: RegExp
  readonly stopAt?: number
  readonly tell?: (kill: Kill) => void
}

const does = { acquire, disclose, dispose }
/** Ends with a check of the world as the kills left it, or with the first trouble, after which its later kills would prove nothing. */
export async function runCampaign(world: World, chart: Chart, plan: Plan): Promise<void> {
  let pending: Omit<Kill, 'findings'> | undefined
  const settle = async (life: Life, daysOn: number) => {
    const settled = await settleIn(world, life, daysOn)
    const { findings } = settled
    if (pending) note(chart, { ...pending, findings }, plan)
    else if (findings.length > 0) throw new Error(`nobody killed it, and yet: ${findings.join('; ')}`)
    pending = undefined
    if (findings.length > 0) throw new Trouble()
    return settled
  }
  try {
    for (let nth = 0; nth < plan.kills && !(plan.stopAt && Date.now() > plan.stopAt); nth++) {
      const act = plan.acts[nth % plan.acts.length]!
      const atStart = act === 'start' ? leastMet(chart, 'start', plan) : undefined
      const life = await world.start(atStart && { ...atStart, nth: 1 })
      // What the start does not meet, recovery or a sweep may meet.
      const whole = !life.dead && (await settle(life, 1).then(() => true, diedAsArmed(atStart)))
      learn(chart, 'start', life)
      if (!whole) {
        if (pending) note(chart, { ...pending, findings: [] }, plan)
        pending = { act: 'start', at: atStart!.name }
        continue
      }
      pending = act === 'start' ? await killNow(life) : await killDuring(world, life, act, chart, plan, nth)
    }
    const life = await world.start()
    chart.temporary += (await settle(life, 20)).temporary
    await life.kill()
  } catch (error) {
    if (error instanceof Trouble) return
    note(chart, { ...(pending ?? { act: 'start', at: 'nothing' }), findings: [String(error)] }, plan)
  } finally {
    await world.end()
  }
}

class Trouble extends Error {}

function diedAsArmed(deadline: Deadline | undefined) {
  return (error: unknown): false => {
    if (deadline && error instanceof Died) return false
    throw error
  }
}

async function killNow(life: Life): Promise<Omit<Kill, 'findings'>> {
  await life.kill()
  return { act: 'start', at: 'at rest' }
}

async function killDuring(
  world: World,
  life: Life,
  act: Exclude<ActName, 'start'>,
  chart: Chart,
  plan: Plan,
  nth: number,
) {
  const byChance = nth % plan.chanceEvery === plan.chanceEvery - 1
  const deadline = byChance ? undefined : leastMet(chart, act, plan)
  await life.tell({ do: 'arm', deadline })
  life.newLines()
  const timer = byChance ? setTimeout(() => void life.kill(), Math.random() * typicalMs[act]) : undefined
  const died = await untilDeath(life, does[act](world, life)).finally(() => clearTimeout(timer))
  learn(chart, act, life)
  if (!died) await life.kill()
  return { act, at: !died ? 'at rest' : (deadline?.name ?? 'by chance') }
}

const typicalMs = { acquire: 900, disclose: 6_000, dispose: 1_500 }

function learn(chart: Chart, act: ActName, life: Life): void {
  const lines = chart.lines.get(act) ?? new Set<string>()
  chart.lines.set(act, lines)
  for (const line of life.newLines()) lines.add(line)
}

/** The line to die at: of the kind that was tried least, then the one of that kind. Every other try waits for its second crossing. */
function leastMet(chart: Chart, act: ActName, { only }: Plan): Deadline | undefined {
  const kinds = new Map<string, number>()
  for (const [line, tries] of chart.tries) kinds.set(kindOf(line), (kinds.get(kindOf(line)) ?? 0) + tries)
  const rank = (line: string) => (kinds.get(kindOf(line)) ?? 0) * 1_000 + (chart.tries.get(line) ?? 0)
  const lines = [...(chart.lines.get(act) ?? [])].filter(line => only?.test(line) ?? true)
  const name = lines.sort((a, b) => rank(a) - rank(b))[0]
  if (name === undefined) return undefined
  const tries = chart.tries.get(name) ?? 0
  chart.tries.set(name, tries + 1)
  return { name, nth: 1 + (tries % 2) }
}

/** What happens there, without on whose behalf. */
export function kindOf(line: string): string {
  return line.replace(/ (of|by|for) .*|(?<=ledger\.\w+) .*|(?<=answered \w+) .*/, '')
}

function note(chart: Chart, kill: Kill, { tell }: Plan): void {
  chart.kills.push(kill)
  tell?.(kill)
}

async function settleIn(world: World, life: Life, daysOn: number): Promise<Settled> {
  const settled = await life.tell({ do: 'settle', acknowledged: world.acknowledged, daysOn })
  world.nowSeconds = settled.nowSeconds
  for (const number of settled.disposed)
    if (!world.acknowledged.disposed.includes(number)) world.acknowledged.disposed.push(number)
  return settled
}
