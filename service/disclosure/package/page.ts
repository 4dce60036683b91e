/** The page for the person who opens the package: what it is, what was done, how to check it. One file, no script. */
import { certificatePagePath, packagePath } from '../../custody/package-layout.ts'
import type { Contents } from './contents.ts'
import { Html, html } from './html.ts'
import { pageStyle } from './page-style.ts'

export function page(contents: Contents): string {
  const { input, root } = contents
  const { facts, disclosureId } = input
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; media-src 'self' file:">
<meta name="referrer" content="no-referrer">
<title>Disclosure ${disclosureId}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<header>
<p class="over">${facts.custodian} to ${facts.recipient}</p>
<h1>A redacted copy of exhibit <span class="id">${facts.exhibitNumber}</span></h1>
<p class="lead">This folder holds one video recording in which ${contents.lookedFor} were covered before it was given to you, together with the records that let you check where it came from and that nothing was changed since.</p>
</header>
${[whatItIs(contents), whatWasDone(contents), whyReleased(contents), howToCheck(root), whatIsInside(), limits()]}
<footer>Made at ${readable(input.createdAt)} for disclosure ${disclosureId}. This page explains; the evidence is in the files beside it.</footer>
</main>
</body>
</html>
`
  return whole.text
}

function whatItIs({ input: { facts }, master, copy, checkpoint }: Contents): Html {
  return html`<figure><video controls preload="metadata" src="redacted.mp4"></video>
<figcaption>redacted.mp4, exhibit ${facts.derivativeNumber}. It plays here once the ZIP has been unpacked.</figcaption></figure>
<h2>What this is</h2>
<dl>
<dt>Incident</dt><dd>${facts.incident.type}, ${readable(facts.incident.timestampUtc)}</dd>
<dt>Original recording</dt><dd>Exhibit ${facts.exhibitNumber}, acquired ${readable(master.time)}, recorded as entry ${master.index}</dd>
<dt>SHA-256 of the original</dt><dd><code>${master.sha256}</code></dd>
<dt>This copy</dt><dd>Exhibit ${facts.derivativeNumber}, made ${readable(copy.time)}, recorded as entry ${copy.index}</dd>
<dt>SHA-256 of this copy</dt><dd><code>${copy.sha256}</code></dd>
<dt>Custody log</dt><dd>${checkpoint.origin}, ${checkpoint.size} entries when this was made</dd>
</dl>
<p class="note">This is not an identical copy. The two digests differ because the picture was changed on purpose. The original stays sealed with ${facts.custodian}.</p>`
}

function whatWasDone({
  frames,
  coveredFrames,
  couldNotTellFrames,
  couldNotTellTracks,
  tracks,
  leftInSight,
  takenOut,
  lookedFor,
  soundKept,
  certificate,
}: Contents): Html {
  const row = (label: string, value: number) =>
    html`<tr><td>${label}</td><td class="n">${value.toLocaleString('en-US')}</td></tr>`
  return html`<h2>What was done to it</h2>
<p>Every frame was decoded and compared with what had been searched before; what was new on it was searched for ${lookedFor}. Where one was found, and for a while before and after, the picture was covered with one solid colour and a margin around it; then the video was encoded again (where nothing was to be covered, the coded pictures may have been copied; the manifest says which). The covering is part of the picture and cannot be taken off. ${soundKept ? 'Location' : 'Sound, location'}, camera data and other hidden information were left out.</p>
<table>
${[
  row('Frames in the recording', frames),
  row('Frames with at least one covered region', coveredFrames),
  row('Faces followed through the recording', tracks.face),
  row('Number plates followed', tracks.plate),
  row('Regions that a person chose', tracks.region),
  ...(couldNotTellTracks > 0 ? [row('Of these too small to tell what they are, and covered', couldNotTellTracks)] : []),
  ...(leftInSight > 0 ? [row('Left in sight by a person, on a stated ground', leftInSight)] : []),
  ...(takenOut > 0 ? [row('Taken out of the plan by a person, on a stated ground', takenOut)] : []),
  row(
    `Frames in which the system could not tell${certificate.couldNotTell.blanked ? ', and which were blanked' : ''}`,
    couldNotTellFrames,
  ),
]}
</table>
<p>The covered regions stand one by one in <code>redaction-manifest.json</code>. ${secondLook(certificate)} Searching is automatic and can miss something. If you see a person or a vehicle that should have been covered, please tell the custodian and do not pass the copy on.</p>`
}

function secondLook({ looks, residual, bounds }: Contents['certificate']): Html {
  if (!looks || !residual) return html`The finished copy was not searched again.`
  const found =
    residual.tracks === 0
      ? html`It found nothing left open.`
      : html`It found ${residual.tracks} left open, and a person decided to release the copy all the same.`
  const [other] = looks.filter(({ independence }) => independence === 'other-models')
  return html`The finished copy was searched again, mirrored and at another scale by the same detectors${other ? ', and by networks that read writing' : ''}. ${found} ${(bounds ?? []).length > 0 ? 'How far that reaches stands in' : 'More stands in'} <a href="leak-certificate.html">the leak certificate</a>.`
}

function whyReleased({ input: { facts, decision } }: Contents): Html {
  const { type, identifier, issuer, issuedAt } = facts.authority
  return html`<h2>Why it was released to you</h2>
<dl>
<dt>Purpose</dt><dd>${facts.purpose}</dd>
<dt>Legal authority</dt><dd>${type} ${identifier}, ${issuer}, ${readable(issuedAt)}</dd>
<dt>Decision</dt><dd>${decision.outcome}, by the written policy whose digest begins <code>${decision.bundle.slice(0, 16)}</code></dd>
</dl>
<p>The whole decision, with the facts that were judged, is in <code>decision.json</code>. It may be used for this purpose only.</p>`
}

function howToCheck(root: string): Html {
  return html`<h2>How to check it</h2>
<p>You need the ZIP as you received it, the Custos program, and the custodian&#39;s verifier key. Get the key from the custodian by another way than this package, for example from their web site or by telephone. A key that arrives together with the evidence proves nothing.</p>
<pre>custos verify ${root}.zip --key custodian.key</pre>
<p>It works without a network. The answer names every check and ends in one of three words: <em>verified</em>, <em>refuted</em>, or <em>cannot be judged</em>. A receipt may have come beside the ZIP; with <code>--proof</code> it also proves that this very ZIP, this page included, is the one that was prepared for you.</p>
<p>The folder is a BagIt 1.0 bag, so any BagIt validator can check that no file was damaged on its way. The custody records use the published formats of RFC 6962 and C2SP, which other programs read too.</p>`
}

function whatIsInside(): Html {
  const rows: [path: string, meaning: string][] = [
    [packagePath.redacted, 'the redacted copy'],
    [
      packagePath.manifest,
      'each covered region: what it is, on which frames, found by which detector or chosen by a person',
    ],
    [packagePath.certificate, 'what was checked in the finished copy, and what a second search found'],
    [certificatePagePath, 'the same as a page to read'],
    [packagePath.plan, 'the plan by which the copy was made'],
    [packagePath.decision, 'the decision to release, and the facts it rests on'],
    [packagePath.certificateDraft, 'a draft statement for a person to complete and sign; nobody has signed it'],
    [packagePath.case, 'the same facts for tools that read CASE/UCO'],
    ['data/custody/', 'the exhibit&#39;s entries in the custody log, their proofs, and the signed checkpoint'],
  ]
  return html`<h2>What is inside</h2>
<table>
${rows.map(([path, meaning]) => html`<tr><td><code>${path}</code></td><td>${new Html(meaning)}</td></tr>`)}
</table>`
}

function limits(): Html {
  return html`<h2>What it does not prove</h2>
<ul>
<li>That the original shows what happened. The records begin when the recording was acquired.</li>
<li>That no later act on the exhibit exists. They end with the signed checkpoint in <code>data/custody/</code>.</li>
<li>What others did. Entries of other parties are included, so that the chain has no gap, but their content stays closed.</li>
</ul>`
}

/** `2026-03-01 12:00:05 UTC` from an RFC 3339 time in UTC. */
function readable(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
