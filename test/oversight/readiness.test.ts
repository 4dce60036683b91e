/** Readiness asks store and keys too, at a price that a stranger cannot drive up, and says no more than up or down. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Asked, makeReadiness } from '../../service/oversight/readiness.ts'
import { type Estate, openEstate } from '../journeys/estate.ts'

let estate: Estate
beforeAll(async () => {
  estate = await openEstate()
})
afterAll(() => estate[Symbol.asyncDispose]())

type Check = () => Promise<unknown>

/** The parts of a real estate with a region beside its own, store and keys watched and, where told (`keys other`), answering otherwise. */
async function watched(
  instead: Record<string, Check>,
  work: (parts: Asked, asked: string[]) => Promise<void>,
): Promise<void> {
  const { objects, keys } = estate.service
  const asked: string[] = []
  const watch =
    <T>(part: string, check: () => Promise<T>) =>
    (region: string) => {
      asked.push(`${part} ${region}`)
      return (instead[`${part} ${region}`] ?? check)() as Promise<T>
    }
  const parts: Asked = {
    ...estate.service,
    regions: ['local', 'other'],
    objects: { ...objects, check: watch('objects', () => objects.check('local')) },
    keys: { ...keys, check: watch('keys', () => keys.check('local')) },
  }
  await work(parts, asked)
}

const refuse: Check = () => Promise.reject(new Error('secret bucket'))
const hang: Check = () => delay(600_000, undefined, { ref: false })

test('every region is asked once, however many ask', async () => {
  await watched({}, async (parts, asked) => {
    const ask = makeReadiness(parts)
    const answers = await Promise.all(Array.from({ length: 50 }, ask))
    expect(answers.every(({ ready }) => ready)).toBe(true)
    expect(asked.sort()).toEqual(['keys local', 'keys other', 'objects local', 'objects other'])
  })
})

test.each(['objects local', 'objects other', 'keys other'])(
  'with %s down the service is ready for the other region, and says which part is down, never why',
  async part => {
    await watched({ [part]: refuse }, async parts => {
      const answer = await makeReadiness(parts)()
      expect(answer.ready).toBe(true)
      expect(Object.entries(answer.parts).filter(([, state]) => state === 'down')).toEqual([[part, 'down']])
      expect(JSON.stringify(answer)).not.toContain('secret')
    })
  },
)

test('a region that never answers is down, and the answer still comes', async () => {
  await watched({ 'objects other': hang, 'keys other': hang }, async parts => {
    expect(await makeReadiness(parts)()).toMatchObject({
      ready: true,
      parts: { 'objects local': 'up', 'keys local': 'up', 'objects other': 'down', 'keys other': 'down' },
    })
  })
})

test.each([
  ['every store', ['objects local', 'objects other']],
  ['each region by half', ['objects local', 'keys other']],
  ['the keys of the ledger’s openings', ['keys local']],
])('with %s down the service is not ready', async (_, down) => {
  await watched(Object.fromEntries(down.map(part => [part, refuse])), async parts => {
    expect((await makeReadiness(parts)()).ready).toBe(false)
  })
})
