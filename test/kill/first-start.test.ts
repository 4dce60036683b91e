/** Nothing is there yet: a start that was killed at any step of that is followed by one that succeeds. */
import { expect, test } from 'vitest'
import { makeWorld } from './world.ts'

/** Where files of keys come to be: the only things that a first start makes and a later one must read. */
const making = /^(in|after) disk\.(writeFile|write|link) by/

async function linesOfFirstStart(): Promise<string[]> {
  await using world = await makeWorld()
  const life = await world.start()
  await life.kill()
  return life.newLines().filter(line => making.test(line))
}

test('a first start that is killed while it makes its keys leaves a folder on which the next one starts', async () => {
  const lines = await linesOfFirstStart()
  expect(lines.join()).toMatch(/key-ring.*ledger-key.*development-issuer/)
  const broken: string[] = []
  for (const name of lines) {
    await using world = await makeWorld()
    const first = await world.start({ name, nth: 1 })
    expect(first.dead, `met ${name}`).toBe(true)
    await world
      .start()
      .then(life => life.kill())
      .catch((error: unknown) => void broken.push(`${name}: ${String(error).slice(0, 200)}`))
  }
  expect(broken).toEqual([])
}, 400_000)
