/** What `custos redact` says while it works and when it is done: to people, or as JSON lines. */
import { Problem } from '../http/problem.ts'
import { acceptable, parseCertificate } from '../redaction/certificate.ts'
import { FfmpegFailed } from '../redaction/ffmpeg.ts'
import type { Redaction, Stage } from '../redaction/redact.ts'
import { progressBar } from './progress.ts'

export interface RedactReport {
  progress(stage: Stage, fraction: number): void
  made(out: string, redaction: Redaction): void
  failed(error: unknown): void
}

export function redactReport(json: boolean): RedactReport {
  const bar = progressBar()
  let told = ''
  return {
    progress(stage, fraction) {
      bar.show(stage, fraction)
      const percent = Math.floor(fraction * 100)
      if (json && told !== `${stage} ${percent}`) printLine({ event: 'progress', stage, percent })
      told = `${stage} ${percent}`
    },
    made(out, redaction) {
      bar.done()
      if (json) printLine({ event: 'result', ok: true, out, ...numbersOf(redaction) })
      else process.stdout.write(sentencesOf(out, redaction))
    },
    failed(error) {
      bar.done()
      if (json) printLine({ event: 'result', ok: false, problem: problemOf(error) })
      process.stderr.write(`custos redact: ${describe(error)}\n`)
    },
  }
}

function printLine(value: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

function numbersOf({
  clip,
  copy,
  tracks,
  coveredFrames,
  couldNotTellFrames,
  couldNotTellTracks,
  certificate,
}: Redaction) {
  const { residual } = parseCertificate(certificate)
  return {
    ...copy,
    frames: clip.frames,
    coveredFrames,
    couldNotTellFrames,
    couldNotTellTracks,
    repairedFrameTimes: clip.repairs,
    tracks,
    proven: residual !== undefined,
    ...(residual && { residual, acceptable: acceptable(certificate) }),
  }
}

function sentencesOf(
  out: string,
  { clip, copy, tracks, coveredFrames, couldNotTellFrames, couldNotTellTracks, certificate }: Redaction,
): string {
  const found = Object.entries(tracks).map(([kind, count]) => `${count} ${kind}`)
  const { residual } = parseCertificate(certificate)
  const facts = [
    `${clip.frames} frames, ${coveredFrames} covered, ${couldNotTellFrames} could not tell`,
    `tracks: ${found.join(', ') || 'none'}${couldNotTellTracks > 0 ? `; ${couldNotTellTracks} of them too small to tell` : ''}`,
    residual
      ? `second look: ${residual.tracks} tracks open, on ${residual.frames} frames`
      : 'not proven: the copy was not decoded and looked at again (--prove)',
    `SHA-256 ${copy.sha256}`,
  ]
  return `${out}\n${facts.map(fact => `  ${fact}\n`).join('')}`
}

function problemOf(error: unknown): Record<string, unknown> {
  if (error instanceof Problem) return { ...error.toBody(), detail: error.message }
  return { title: error instanceof Error ? error.message : String(error) }
}

/** On one's own machine the inside face of an error helps. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const name = error instanceof Problem ? ` [${error.type}]` : ''
  const inside = error.cause instanceof FfmpegFailed ? error.cause.stderrTail : ''
  return `${error.message}${name}${inside && `\n${inside.trimEnd()}`}`
}
