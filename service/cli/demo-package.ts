/** The recipient's side of the demo: unpacks, verifies, breaks and verifies again what was fetched. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packagePath } from '../custody/package-layout.ts'
import { type LeakCertificate, parseCertificate } from '../redaction/certificate.ts'
import { boundSentence, familyName, verdictOf } from '../redaction/certificate-words.ts'
import { contactSheet } from '../redaction/contact-sheet.ts'
import { coveredFrames, parsePlan } from '../redaction/plan.ts'
import { say, step } from './demo-voice.ts'
import { extractFile } from './extract.ts'
import { judge } from './verify.ts'

/** Takes redacted copy and plan out of the package and lays before and after side by side. Counts are those of the package itself. */
export async function finishDemo(out: string, clip: string) {
  const zip = join(out, 'package.zip')
  const redacted = join(out, 'redacted.mp4')
  await extractFile(zip, packagePath.redacted, redacted)
  await extractFile(zip, packagePath.plan, join(out, 'plan.json'))
  const text = await readFile(join(out, 'plan.json'), 'utf8')
  const plan = parsePlan(text)
  await contactSheet({ before: clip, after: redacted, plan, out: join(out, 'contact-sheet.png') })
  const certificateFile = join(out, 'certificate.json')
  await extractFile(zip, packagePath.certificate, certificateFile)
  const certificate = parseCertificate(await readFile(certificateFile, 'utf8'))
  await rm(certificateFile)
  const of = (name: string) => plan.tracks.filter(track => track.class === name).length
  return {
    plan: {
      tracks: `${of('face')} of faces, ${of('plate')} of number plates`,
      frames: plan.clip.frames,
      covered: coveredFrames(plan),
      couldNotTell: plan.couldNotTell.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    },
    certificate: summarise(certificate),
  }
}

export async function showVerified(out: string): Promise<void> {
  step('The package is verified, offline, with nothing but the ledger key')
  const { checks, verdict } = await verify(out, 'package.zip', 'package.zip.tlog-proof')
  for (const { ok, name, detail } of checks) say.check(ok, detail === undefined ? name : `${name}: ${detail}`)
  if (verdict !== 'verified') throw new Error(`the package is ${verdict}`)
}

/** Flips one byte in the middle of the video and answers the checks that notice. */
export async function showFlippedByte(out: string): Promise<string[]> {
  step('One byte of it is flipped')
  const broken = 'package-flipped.zip'
  const bytes = await readFile(join(out, 'package.zip'))
  const at = Math.floor(bytes.length / 2)
  bytes[at] = bytes[at]! ^ 1
  await writeFile(join(out, broken), bytes)
  const { checks, verdict } = await verify(out, broken)
  await rm(join(out, broken))
  const failed = checks.filter(check => !check.ok)
  for (const { name, code, detail } of failed) say.check(false, `${name}: ${detail ?? ''} [${code}]`)
  if (verdict !== 'refuted') throw new Error(`a package with byte ${at} flipped is ${verdict}`)
  return failed.map(check => check.name)
}

async function verify(out: string, zip: string, proof?: string) {
  const key = join(out, 'key')
  return (await judge(join(out, zip), { key, checkpoint: undefined, proof: proof && join(out, proof) })).result
}

/** In words, what the second look at the copy found; the package carries the whole certificate. */
function summarise(certificate: LeakCertificate): string {
  const { looks = [], bounds = [] } = certificate
  const scanned = looks.map(({ family, framesScanned }) => `${familyName[family]}: ${framesScanned} frames`)
  const limits = certificate.residual?.tracks === 0 ? bounds.map(boundSentence) : []
  return [verdictOf(certificate).sentence, `Searched again by ${scanned.join(', ')}.`, ...limits].join(' ')
}
