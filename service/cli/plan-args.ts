/** From a command line to an edit of a plan. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { Matrices } from '../policy/matrices.ts'
import type { RedactionPlan } from '../redaction/plan.ts'
import { type PlanEdit, planEdit, trackOf } from '../redaction/plan-edit.ts'

/** The command line is at fault, and its message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const editVerbs = ['add', 'blank', 'cover', 'delete', 'extend', 'set', 'visible'] as const

const text = { type: 'string' } as const
export const editOptions = {
  out: text,
  reason: text,
  by: text,
  track: text,
  class: text,
  ground: text,
  box: text,
  frames: text,
  key: { type: 'string', multiple: true },
  until: text,
  from: text,
  to: text,
  grow: text,
} as const
type Values = { readonly [name in keyof typeof editOptions]?: string | string[] | undefined }

/** Which options say what is done; the others belong to every edit. */
const taken: Record<(typeof editVerbs)[number], readonly (keyof typeof editOptions)[]> = {
  add: ['class', 'ground', 'box', 'frames', 'key', 'until'],
  blank: ['frames', 'ground'],
  cover: ['track', 'ground'],
  delete: ['track', 'ground'],
  extend: ['track', 'from', 'to', 'grow'],
  set: ['track', 'class', 'ground'],
  visible: ['track', 'ground'],
}

/** Throws UsageError. */
export function readEdit(verb: (typeof editVerbs)[number], values: Values): PlanEdit {
  for (const name of Object.keys(values))
    if (!['out', 'reason', 'by', ...taken[verb]].includes(name)) throw new UsageError(`${verb} takes no --${name}`)
  const read = planEdit.safeParse({ operation: verb, ...fieldsOf(verb, values) })
  if (read.success) return read.data
  throw new UsageError(z.prettifyError(read.error).replaceAll(/\s+/g, ' '))
}

function fieldsOf(verb: (typeof editVerbs)[number], values: Values): object {
  const { ground = 'personal-data', class: kind = 'region' } = values
  const track = numberOf(values.track, '--track')
  switch (verb) {
    case 'add':
      return { class: kind, ground, ...drawn(values) }
    case 'blank':
      return { ...rangeOf(values.frames), ground }
    case 'cover':
      return { track, ground }
    case 'delete':
    case 'visible':
      return given({ track, ground: values.ground })
    case 'extend':
      return given({
        track,
        first: numberOf(values.from, '--from'),
        last: numberOf(values.to, '--to'),
        grow: numberOf(values.grow, '--grow'),
      })
    case 'set':
      return given({ track, class: values.class, ground: values.ground })
  }
}

/** A box on a range of frames is one keyframe that is held. */
function drawn({ box, frames, key, until }: Values): object {
  if ((box === undefined) === (key === undefined)) throw new UsageError('add takes --box with --frames, or --key')
  if (box !== undefined) {
    if (until !== undefined) throw new UsageError('--until belongs to --key')
    const { first, last } = rangeOf(frames)
    return { keyframes: [{ frame: first, ...boxOf(String(box)) }], last }
  }
  if (frames !== undefined) throw new UsageError('--frames belongs to --box')
  const keyframes = [key].flat().map(one => {
    const [, frame, rest] = /^(\d+):(.+)$/.exec(String(one)) ?? []
    if (frame === undefined) throw new UsageError(`--key takes FRAME:X,Y,W,H, not '${one}'`)
    return { frame: Number(frame), ...boxOf(rest!) }
  })
  return given({ keyframes, last: numberOf(until, '--until') })
}

function boxOf(value: string) {
  const numbers = /^(\d+),(\d+),(\d+),(\d+)$/.exec(value)?.slice(1).map(Number)
  if (!numbers) throw new UsageError(`a box is X,Y,W,H in pixels, not '${value}'`)
  const [x, y, w, h] = numbers
  return { x, y, w, h }
}

function rangeOf(value: Values[string & keyof Values]): { first: number; last: number } {
  const numbers = /^(\d+)-(\d+)$/.exec(String(value ?? ''))
  if (!numbers) throw new UsageError('--frames takes A-B')
  return { first: Number(numbers[1]), last: Number(numbers[2]) }
}

function numberOf(value: Values[string & keyof Values], option: string): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,9}$/.test(String(value))) throw new UsageError(`${option} takes a number, not '${value}'`)
  return Number(value)
}

function given(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** The committed data of policies/. */
export async function policyData(): Promise<Matrices> {
  return Matrices.parse(JSON.parse(await readFile(new URL('../../policies/data.json', import.meta.url), 'utf8')))
}

/** Throws UsageError for a ground that policy data does not hold for this edit. The purpose, which a service knows, is not judged here. */
export async function assertGround(plan: RedactionPlan, edit: PlanEdit): Promise<void> {
  const { operation } = edit
  if (operation === 'extend' || (operation === 'set' && edit.ground === undefined)) return
  const { cover, uncover } = (await policyData()).grounds
  const fitting =
    operation === 'delete' || operation === 'visible'
      ? Object.keys(uncover).filter(name => {
          const { operations, origins } = uncover[name]!
          return operations.includes(operation) && origins.includes(trackOf(plan, edit.track).origin.kind)
        })
      : Object.keys(cover)
  if (edit.ground === undefined || !fitting.includes(edit.ground))
    throw new UsageError(`--ground takes one of ${fitting.join(', ')}`)
}
