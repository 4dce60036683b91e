import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openProcesses } from '../../service/redaction/processes.ts'
import { programsOf } from '../kill/programs.ts'
import type { Count } from './counting-worker.ts'

const program = fileURLToPath(new URL('counting-worker.ts', import.meta.url))
const atWork = async () => (await programsOf(process.pid)).filter(({ command }) => command.includes('counting-worker'))

test('a worker that has given its last answer is followed by a fresh one, greeted alike, and no question is lost', async () => {
  const counts: Count[] = []
  {
    await using workers = openProcesses<string, Count>(program, 'hello', 2)
    const answers: Promise<Count>[] = []
    for (let n = 0; n < 8; n++) answers.push((await workers.submit('next')).answer)
    counts.push(...(await Promise.all(answers)))
    await expect.poll(async () => (await atWork()).length, { timeout: 20_000 }).toBe(2)
  }
  expect(counts.map(({ greeting }) => greeting)).toEqual(Array(8).fill('hello'))
  expect(Math.max(...counts.map(({ asked }) => asked))).toBe(1)
  expect(new Set(counts.map(({ pid }) => pid)).size).toBe(8)
  expect(await atWork()).toEqual([])
})

test('a fault of a fresh worker is everybody’s, and nobody follows after it', async () => {
  await using workers = openProcesses<string, Count>(program, 'hello', 1)
  await (await workers.submit('next')).answer
  const { answer } = await workers.submit('fault')
  await expect(answer).rejects.toThrow('as asked for')
  await expect(workers.submit('next')).rejects.toThrow('as asked for')
  await expect.poll(atWork).toEqual([])
})
