/** What a leak certificate says, in sentences for people. */
import { acceptable, type Hit, type LeakCertificate, type LeakLimit, soundCopy } from './certificate.ts'

export interface Verdict {
  readonly kind: 'clean' | 'found' | 'unsound' | 'unproven'
  readonly sentence: string
}

/** `found` where a person has to decide. */
export function verdictOf(certificate: LeakCertificate, limit?: LeakLimit): Verdict {
  const { residual, looks, fill } = certificate
  if (!fill && !looks)
    return {
      kind: 'unproven',
      sentence: 'Nobody looked at the finished copy: it is not proven that nothing was left open.',
    }
  if (!soundCopy(certificate))
    return { kind: 'unsound', sentence: 'The copy is not what was planned. It must not be given to anybody.' }
  if (!residual)
    return {
      kind: 'unproven',
      sentence: 'The covers were measured, and nobody searched the copy again for what was left open.',
    }
  if (residual.tracks > 0) {
    const things = [...new Set(residual.hits.map(nameOf))].join(' and ')
    const where = residual.frames === 1 ? 'on one frame' : `on ${number(residual.frames)} frames`
    return {
      kind: 'found',
      sentence: `The second search found ${counted(residual.tracks, 'place')} in the open that may show ${things}, ${where}.`,
    }
  }
  const { frames, blanked } = certificate.couldNotTell
  if (frames > 0 && !blanked) {
    const where = frames === 1 ? 'one frame' : `${number(frames)} frames`
    return {
      kind: acceptable(certificate, limit) ? 'clean' : 'found',
      sentence: `The second search found nothing left open, but on ${where} in sight the system could not tell.`,
    }
  }
  const sentence = 'Every cover is whole, and the second search of the finished copy found nothing left open.'
  return { kind: acceptable(certificate, limit) ? 'clean' : 'found', sentence }
}

/** One family's bound, said so that it cannot be taken for more. */
export function boundSentence(bound: NonNullable<LeakCertificate['bounds']>[number]): string {
  const percent = (bound.framesPerMillion / 10_000).toPrecision(2)
  return `With 95 % confidence, at most ${Number(percent)} % of the frames hold something open that ${familyName[bound.family]} would find.`
}

export const familyName = { detectors: 'the detectors, mirrored', text: 'the text networks' } as const

export function nameOf({ class: kind, verdict }: Hit): string {
  if (kind === 'plate') return verdict === 'could-not-tell' ? 'a plate that cannot be read' : 'a number plate'
  if (kind === 'face') return verdict === 'could-not-tell' ? 'a face too small to tell' : 'a face'
  return 'a region'
}

export function counted(count: number, thing: string): string {
  const many = thing.endsWith('ch') ? 'es' : 's'
  return `${number(count)} ${thing}${count === 1 ? '' : many}`
}

export function number(value: number): string {
  return value.toLocaleString('en-US')
}
