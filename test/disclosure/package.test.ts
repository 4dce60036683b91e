import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileFromBytes } from '../../service/disclosure/package/bag.ts'
import { buildPackage } from '../../service/disclosure/package/build.ts'
import { writeZip } from '../../service/disclosure/package/zip.ts'
import { failures, judge, unpack } from './package-forgery.ts'
import { makePackage, sha256, type TestPackage } from './package-support.ts'

let made: TestPackage
beforeAll(async () => {
  made = await makePackage()
})
afterAll(() => made[Symbol.asyncDispose]())

const textOf = async (path: string) => Buffer.from((await unpack(made.zip)).content.get(path)!).toString('utf8')

/** A Python that has the module, or undefined: other people's validators are used where they are installed. */
function pythonWith(module: string): string | undefined {
  return [process.env.CUSTOS_PYTHON, 'python3'].find(python => {
    try {
      return python !== undefined && execFileSync(python, ['-c', `import ${module}`], { stdio: 'pipe' })
    } catch {
      return false
    }
  })
}
const bagit = pythonWith('bagit')
const caseUtils = pythonWith('case_utils')
const leftOut = (python: string | undefined, what: string) => (python ? '' : ` (left out: ${what} is not installed)`)

describe('a package', () => {
  test('verifies with the trusted key, and with the receipt beside it', async () => {
    const receipt = await readFile(made.receiptFile, 'utf8')
    const verdict = await judge(made, made.zip, { receipt })
    expect(failures(verdict)).toEqual([])
    expect(verdict.verdict).toBe('verified')
    expect(sha256(await readFile(made.zip))).toBe(made.built.sha256)
    expect(verdict.checks.map(({ name }) => name)).toContain('disclosure-recorded')
  })

  test('is the same bytes when it is built again, in any time zone', async () => {
    const before = process.env.TZ
    try {
      for (const zone of ['Pacific/Auckland', 'America/St_Johns', 'UTC']) {
        process.env.TZ = zone
        expect(await buildPackage(made.input, join(made.dir, 'again.zip'))).toEqual(made.built)
      }
    } finally {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    }
  })

  test('carries nothing of what another agency asked', async () => {
    const { content } = await unpack(made.zip)
    for (const [path, bytes] of content) {
      const text = Buffer.from(bytes).toString('latin1')
      expect(text, path).not.toMatch(/agency-8|person-8|another matter/)
    }
    const openings = JSON.parse(await textOf('data/custody/openings.json')) as { index: number; field: string }[]
    const shown = Object.groupBy(openings, ({ index }) => index)
    const fieldsOf = (index: number) => shown[index]?.map(({ field }) => field).sort()
    expect(Object.keys(shown)).toEqual(['1', '2', '5', '6'])
    for (const index of [1, 5, 6]) expect(fieldsOf(index)).toEqual(['ev', 'from', 'obj'])
    expect(fieldsOf(2)).toEqual(['ev', 'from', 'legal', 'obj', 'pol', 'who'])
  })

  test('is explained by a page without script whose facts are escaped', async () => {
    const page = await textOf('data/index.html')
    expect(page).toContain('Example Stores &#60;Ltd&#62; &#38; Co')
    expect(page).not.toMatch(/<script|<Ltd>|https?:/i)
    expect(page).toContain(made.input.facts.exhibitNumber)
    expect(page).toContain('not an identical copy')
  })

  test('brings a draft that nobody signed, and promises no admission', async () => {
    const draft = await textOf('data/certificate-draft.txt')
    expect(draft).toContain('NOT SIGNED')
    expect(draft).toContain('NOT AN IDENTICAL COPY')
    expect(draft).toContain('902(13)')
    for (const text of [draft, await textOf('data/index.html')])
      expect(text).not.toMatch(/compliant|certified|admissible/i)
  })

  test(`is a valid bag to another validator${leftOut(bagit, 'bagit')}`, async context => {
    // Somebody else's tool, which this project does not install: the title says when it was left out.
    if (!bagit) return context.skip()
    execFileSync('unzip', ['-q', made.zip, '-d', join(made.dir, 'unpacked')])
    const bag = join(made.dir, 'unpacked', `custos-${made.input.disclosureId}`)
    execFileSync(bagit, ['-c', 'import bagit, sys; bagit.Bag(sys.argv[1]).validate()', bag], { stdio: 'pipe' })
  })

  test(`tells its facts in CASE that the public validator takes${leftOut(caseUtils, 'case_utils')}`, async context => {
    const graph = await textOf('data/case.jsonld')
    expect(graph).toContain('"uco-types:hashMethod": "SHA256"')
    // The same: what needs no tool was judged above.
    if (!caseUtils) return context.skip()
    const file = join(made.dir, 'case.jsonld')
    await writeFile(file, graph)
    execFileSync(caseUtils, ['-c', 'from case_utils.case_validate import main; main()', file], { stdio: 'pipe' })
  })
})

describe('building a package', () => {
  test('leaves no file behind when the copy is missing or changes on the way', async () => {
    const out = join(made.dir, 'never.zip')
    await expect(buildPackage({ ...made.input, redacted: join(made.dir, 'absent.mp4') }, out)).rejects.toThrow('ENOENT')
    const { path, digests } = fileFromBytes('data/redacted.mp4', 'what it was')
    const changed = { path, digests, len: made.input.plan.length, file: made.keyFile }
    await expect(writeZip('custos-1', [changed], new Date(0), out)).rejects.toThrow()
    const len = (await readFile(made.keyFile)).length
    await expect(writeZip('custos-1', [{ ...changed, len }], new Date(0), out)).rejects.toThrow('changed while')
    expect([existsSync(out), existsSync(`${out}.part`)]).toEqual([false, false])
  })

  test('refuses a bundle whose openings could not be verified, and an id that could leave its folder', async () => {
    const out = join(made.dir, 'never.zip')
    const bundle = { ...made.input.bundle, openings: [] }
    await expect(buildPackage({ ...made.input, bundle }, out)).rejects.toThrow('openings')
    await expect(buildPackage({ ...made.input, disclosureId: '../x' }, out)).rejects.toThrow('disclosure id')
  })
})
