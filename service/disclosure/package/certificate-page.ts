/** The leak certificate for a reader who is no engineer. One file, no script, nothing from elsewhere; the JSON beside it is what counts. */
import { createHash } from 'node:crypto'
import { type Hit, type LeakCertificate, parseCertificate } from '../../redaction/certificate.ts'
import { boundSentence, counted, familyName, nameOf, number, verdictOf } from '../../redaction/certificate-words.ts'
import { Html, html } from './html.ts'
import { pageStyle } from './page-style.ts'
import { timeline } from './timeline.ts'

const ownStyle = new Html(
  'svg.timeline { width: 100%; height: auto; display: block; margin: 1rem 0 } svg.timeline text { font: 15px system-ui, sans-serif; fill: var(--ink) } td { overflow-wrap: anywhere } .verdict { font-size: 1.15rem }',
)
const mostRows = 100

/** The whole page. `text` is the canonical JSON whose digest the page names. Throws as parseCertificate does. */
export function certificatePage(text: string): string {
  const certificate = parseCertificate(text)
  const digest = createHash('sha256').update(text).digest('hex')
  const { sentence, kind } = verdictOf(certificate)
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Leak certificate</title>
<style>${pageStyle}${ownStyle}</style>
</head>
<body>
<main>
<header>
<p class="over">Leak certificate of a redacted copy</p>
<h1>${titles[kind]}</h1>
<p class="lead verdict">${sentence}</p>
</header>
${[decision(certificate, kind), checks(certificate), overTime(certificate), hits(certificate), meaning(certificate), digests(certificate, digest)]}
<footer>Made from the certificate whose SHA-256 is <code>${digest}</code>. This page explains; the JSON of that digest is the certificate. Where the copy was made by the service, that digest is committed in the entry <em>exhibit.redacted</em> of the custody log, and this page is not.</footer>
</main>
</body>
</html>
`
  return whole.text
}

const titles = {
  clean: 'Nothing was found left open',
  found: 'Something was found in the open',
  unsound: 'This copy must not be used',
  unproven: 'This copy was not proven',
} as const

function decision({ residual }: LeakCertificate, kind: keyof typeof titles): Html {
  if (kind !== 'found' || !residual) return html``
  return html`<p class="note">What is listed below may be a mistake of the search: writing on a sign, a pattern, a toy. A machine does not decide that. Beyond the limit that the written policy sets, the copy is released only after a person has decided to release it; who did, and why, is an entry of the custody log (<em>redaction.reviewed</em>). If they opened the copy through the service, that is an entry too.</p>`
}

function checks(certificate: LeakCertificate): Html {
  const { clip, frames, fill, metadata, couldNotTell, looks = [], residual } = certificate
  const late = frames.farthestTickPerMille > 1000 ? 'some frames are not at their time' : 'each at its time'
  const rows: [what: string, result: string][] = [
    [
      'Every frame is there',
      frames.decoded === undefined
        ? `${number(frames.listed)} of ${number(clip.frames)} frames listed, ${late}; nobody decoded them`
        : `${number(frames.decoded)} of ${number(clip.frames)} frames decoded, ${late}`,
    ],
    ['Every cover is one solid colour', fill ? fillWords(fill) : 'not measured'],
    [
      'Nothing else is in the file',
      metadata.length === 0
        ? 'no sound, place, title or camera data beyond what the decision keeps'
        : metadata.join('; '),
    ],
    [
      'Frames of which the system could not tell',
      couldNotTell.frames === 0
        ? 'none'
        : `${number(couldNotTell.frames)}, ${couldNotTell.blanked ? 'all of them blanked' : 'left in sight'}`,
    ],
    ...(couldNotTell.covered ? [narrowRow(couldNotTell.covered)] : []),
    ...looks.map((look): [string, string] => {
      const found = residual?.hits.filter(hit => hit.family === look.family).length ?? 0
      return [
        `Second search for ${look.classes.map(one => `${one}s`).join(' and ')}: ${familyName[look.family]}`,
        `${number(look.framesScanned)} frames looked at, at ${look.view.width} x ${look.view.height} pixels${look.view.mirrored ? ', mirrored' : ''}; every other frame had not changed since, or lay a moment away. ${found === 0 ? 'Nothing found open' : `${counted(found, 'stretch')} found open`}. ${independence[look.independence]}`,
      ]
    }),
  ]
  return html`<h2>What was checked, and how</h2>
<p>The finished copy, not the plan, was decoded from beginning to end and compared with what should be in it.</p>
<table>
${rows.map(([what, result]) => html`<tr><td>${what}</td><td>${result}</td></tr>`)}
</table>`
}

function narrowRow({
  tracks,
  frames,
  leastWidthPx,
}: NonNullable<LeakCertificate['couldNotTell']['covered']>): [string, string] {
  const least = Object.entries(leastWidthPx).map(([kind, pixels]) => `${pixels} for a ${kind}`)
  return [
    `Things too small to tell${least.length > 0 ? ` (pixels: ${least.join(', ')})` : ''}`,
    tracks === 0 ? 'none' : `${number(tracks)}, on ${counted(frames, 'frame')}, all of them covered`,
  ]
}

const independence = {
  'same-models':
    'These are the networks that made the plan, seeing another picture: what they are blind to they may miss twice.',
  'other-models': 'These are other networks than those that made the plan, trained by others for another task.',
} as const

function fillWords(fill: NonNullable<LeakCertificate['fill']>): string {
  const { colour, boxes, frames, worst, tolerance, framesBeyond } = fill
  if (boxes === 0) return 'there is no cover in this copy'
  const measured = `${number(boxes)} boxes on ${number(frames)} frames measured against ${colour}; farthest colour value ${worst} of 255 away (${tolerance} allowed)`
  return framesBeyond.length === 0
    ? measured
    : `${measured}. NOT constant on ${counted(framesBeyond.length, 'stretch')} of frames`
}

function overTime({ clip, couldNotTell, residual, keptVisible = [] }: LeakCertificate): Html {
  const spans = (list: readonly Hit[]) => list.map(({ first, last }) => [first, last] as const)
  const rows = [
    { label: 'Found open, or could not be read', spans: spans(residual?.hits ?? []), colour: 'warn' },
    { label: 'Could not tell', spans: couldNotTell.ranges, colour: 'soft' },
    ...(keptVisible.length > 0
      ? [{ label: 'Kept visible by a person', spans: spans(keptVisible), colour: 'mark' } as const]
      : []),
  ] as const
  return html`<h2>Over time</h2>
<figure>${timeline(rows, clip.frames)}</figure>`
}

function hits({ residual, harmless = [], keptVisible = [] }: LeakCertificate): Html {
  if (!residual) return html``
  const rows = residual.hits.slice(0, mostRows).map(hit => {
    const { first, last, x, y, w, h, family } = hit
    return html`<tr><td>${first === last ? number(first) : `${number(first)} to ${number(last)}`}</td><td>may be ${nameOf(hit)}</td><td>${w} x ${h} at ${x}, ${y}</td><td>${familyName[family]}</td></tr>`
  })
  const rest = residual.hits.length - rows.length
  const table = html`<table>
<tr><th>Frames</th><th>What</th><th>Where (pixels)</th><th>Seen by</th></tr>
${rows}
</table>${rest > 0 ? html`<p>${number(rest)} more stand in the JSON.</p>` : html``}`
  return html`<h2>What was found open</h2>
${residual.hits.length > 0 ? table : html`<p>Nothing.</p>`}
<p>${counted(harmless.length, 'other thing')} in the open ${harmless.length === 1 ? 'was' : 'were'} judged to be no plate: other writing, such as a clock or a sign, or a shape without writing. ${keptVisible.length > 0 ? `${counted(keptVisible.length, 'stretch')} ${keptVisible.length === 1 ? 'lies' : 'lie'} on what a person chose to keep visible. ` : ''}What was read is written down nowhere.</p>`
}

function meaning({ bounds = [], caveats = [] }: LeakCertificate): Html {
  return html`<h2>What this means, and what it does not</h2>
${bounds.length > 0 ? html`<ul>${bounds.map(bound => html`<li>${boundSentence(bound)} ${reckoning[bound.method]} (${number(bound.framesHit)} of ${number(bound.framesScanned)} frames looked at).</li>`)}</ul>` : html``}
<p>It does not say that nobody can be recognised in the copy. It says what two searches found in it; both can miss something, and a person can be known by gait, clothing or place.</p>
<ul>${caveats.map(caveat => html`<li>${caveat}</li>`)}</ul>`
}

const reckoning = {
  'rule-of-three': 'Reckoned by the rule of three, since none was found',
  poisson: 'Reckoned as the Poisson limit for what was found',
} as const

function digests({ clip, copy, plan, looks = [] }: LeakCertificate, digest: string): Html {
  const models = new Map([...plan.models, ...looks.flatMap(look => look.models)].map(one => [one.sha256, one.name]))
  const rows: [string, string][] = [
    ['This certificate', digest],
    ['Original recording', clip.sha256],
    ['Redacted copy', copy.sha256],
    ['Redaction plan', plan.sha256],
    ...[...models].map(([sha256, name]): [string, string] => [`Network ${name}`, sha256]),
  ]
  return html`<h2>Digests</h2>
<dl>
${rows.map(([what, sha256]) => html`<dt>${what}</dt><dd><code>${sha256}</code></dd>`)}
</dl>
<p>All are SHA-256. The copy is ${copy.width} x ${copy.height} pixels and ${number(copy.len)} bytes.</p>`
}
