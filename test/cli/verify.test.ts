import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatVerifierKey } from '../../service/custody/note.ts'
import { generateSigningKey, openSigner } from '../../service/custody/signer.ts'
import { origin } from '../custody/setup.ts'
import { forge } from '../disclosure/package-forgery.ts'
import { makePackage, type TestPackage } from '../disclosure/package-support.ts'

let made: TestPackage
let tampered: string
beforeAll(async () => {
  made = await makePackage()
  tampered = await forge(made, 'tampered', content => content.set('data/redacted.mp4', Buffer.from('another video')))
})
afterAll(() => made[Symbol.asyncDispose]())

function verify(...args: string[]) {
  const main = new URL('../../service/cli/main.ts', import.meta.url).pathname
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'verify', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('custos verify', () => {
  test('answers 0 and a tick for every check of a good package', () => {
    const { status, stdout } = verify(made.zip, '--key', made.keyFile, '--proof', made.receiptFile)
    expect(status).toBe(0)
    expect(stdout).toMatch(/✓ redacted-copy/)
    expect(stdout).not.toMatch(/[✗?] /)
    expect(stdout).toContain(`VERIFIED: ${made.zip}`)
  })

  test('answers 1 and names the file that broke', () => {
    const { status, stdout } = verify(tampered, '--key', made.keyFile)
    expect(status).toBe(1)
    expect(stdout).toMatch(/✗ redacted-copy +data\/redacted\.mp4 /)
    expect(stdout).toContain('REFUTED')
  })

  test('answers 1 for the key of another log', async () => {
    const key = join(made.dir, 'other-key')
    await writeFile(key, formatVerifierKey(openSigner(origin, generateSigningKey())))
    expect(verify(made.zip, '--key', key).status).toBe(1)
  })

  test('answers 2 without a trusted key, and still lists the checks', () => {
    const { status, stdout } = verify(made.zip)
    expect(status).toBe(2)
    expect(stdout).toContain('CANNOT BE JUDGED: no trusted key')
    expect(stdout).toMatch(/✓ redacted-copy/)
  })

  test('answers 2 when there is nothing to judge, or nothing to judge it by', async () => {
    const noKey = join(made.dir, 'no-key')
    await writeFile(noKey, 'not a key')
    for (const args of [
      [join(made.dir, 'absent.zip'), '--key', made.keyFile],
      [made.keyFile, '--key', made.keyFile],
      [made.zip, '--key', join(made.dir, 'absent')],
      [made.zip, '--key', noKey],
      [made.zip, '--key', made.dir],
      [],
      [made.zip, made.zip],
      [made.zip, '--trust-me'],
    ])
      expect(verify(...args).status, args.join(' ')).toBe(2)
  })

  test('prints one JSON object, whatever the answer', () => {
    for (const [args, expected] of [
      [[made.zip, '--key', made.keyFile], 0],
      [[tampered, '--key', made.keyFile], 1],
      [[made.zip], 2],
      [[join(made.dir, 'absent.zip')], 2],
    ] as const) {
      const { status, stdout } = verify(...args, '--json')
      expect(status).toBe(expected)
      const report = JSON.parse(stdout) as { ok: boolean; checks: { ok: boolean; code?: string }[] }
      expect(Object.keys(report)).toEqual(['ok', 'checks'])
      expect(report.ok).toBe(expected === 0)
      for (const check of report.checks) {
        expect(check.ok).toBe(check.code === undefined)
        expect(['name', 'ok', 'code', 'detail']).toEqual(expect.arrayContaining(Object.keys(check)))
      }
    }
  })

  test('says how it is used', () => {
    const { status, stdout } = verify('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('Exit codes: 0 verified, 1 refuted, 2 could not be judged')
  })
})
