/** The clip as a line from its first frame to its last, with a row for each kind of thing that a certificate names. */
import { type Html, html } from './html.ts'

export interface TimelineRow {
  readonly label: string
  /** Frames, first and last included. */
  readonly spans: readonly (readonly [first: number, last: number])[]
  readonly colour: 'warn' | 'soft' | 'mark'
}

const width = 1000
const labelHeight = 26
const rowHeight = 50
const barHeight = 14
const leastSpan = 3
/** A certificate made to drown its reader draws no more than this in a row. */
const mostSpans = 2000

/** An SVG picture without script, whose colours are those of the page. */
export function timeline(rows: readonly TimelineRow[], frames: number): Html {
  const at = (frame: number) => Math.round((frame / Math.max(1, frames)) * width * 10) / 10
  const height = rows.length * rowHeight + labelHeight
  const drawn = rows.map(({ label, spans, colour }, i) => {
    const top = i * rowHeight
    const bars = spans.slice(0, mostSpans).map(([first, last]) => {
      const long = Math.max(leastSpan, at(last + 1) - at(first))
      return html`<rect x="${Math.min(at(first), width - long)}" y="${top + labelHeight}" width="${long}" height="${barHeight}" fill="var(--${colour})"/>`
    })
    return html`<text x="0" y="${top + 18}">${label}</text><rect x="0" y="${top + labelHeight}" width="${width}" height="${barHeight}" fill="var(--wash)" stroke="var(--line)"/>${bars}`
  })
  const foot = rows.length * rowHeight + 20
  const said = rows.map(({ label, spans }) => `${label}: ${spans.length} spans`).join('; ')
  return html`<svg class="timeline" viewBox="0 0 ${width} ${height}" role="img" aria-label="${said}">${drawn}<text x="0" y="${foot}">frame 0</text><text x="${width}" y="${foot}" text-anchor="end">frame ${frames - 1}</text></svg>`
}
