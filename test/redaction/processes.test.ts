import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openProcesses, WorkerLost } from '../../service/redaction/processes.ts'
import { programsOf } from '../kill/programs.ts'
import type { Question, Sums } from './summing.ts'

const atWork = async () => (await programsOf(process.pid)).filter(({ command }) => command.includes('/summing-'))
const models = [new Uint8Array(400_000).fill(2), new Uint8Array(300_000).fill(3)]
const open = (count: number, name = 'summing-worker.ts') =>
  openProcesses<Question, Sums>(fileURLToPath(new URL(name, import.meta.url)), { models }, count)

test('every worker hears the greeting, and of each question the bytes as they were when it was asked', async () => {
  const sums: Sums[] = []
  {
    await using workers = open(2)
    const answers: Promise<Sums>[] = []
    // More than a pipe holds, and less and more than the question before.
    const picture = new Uint8Array(3_000_000)
    for (let n = 0; n < 20; n++) {
      picture.fill(99)
      const part = picture.subarray(500_000, 500_000 + (n % 3 === 2 ? 10 : 1_000_000 * (1 + (n % 3))))
      part.fill(n)
      answers.push((await workers.submit({ picture: part })).answer)
    }
    sums.push(...(await Promise.all(answers)))
  }
  const lengths = [1_000_000, 2_000_000, 10]
  expect(sums.map(({ question }) => question)).toEqual(Array.from({ length: 20 }, (_, n) => n * lengths[n % 3]!))
  for (const { greeting } of sums) expect(greeting).toEqual([800_000, 900_000])
  expect(new Set(sums.map(({ pid }) => pid)).size).toBe(2)
  expect(await atWork()).toEqual([])
})

test('a worker that has given its last answer is followed by a fresh one, greeted alike, and no question is lost', async () => {
  const sums: Sums[] = []
  {
    await using workers = open(2, 'summing-once-worker.ts')
    const answers: Promise<Sums>[] = []
    for (let n = 0; n < 8; n++)
      answers.push((await workers.submit({ picture: new Uint8Array(1_000_000).fill(n) })).answer)
    sums.push(...(await Promise.all(answers)))
    await expect.poll(async () => (await atWork()).length).toBe(2)
  }
  expect(sums.map(({ question }) => question)).toEqual(Array.from({ length: 8 }, (_, n) => n * 1_000_000))
  for (const { greeting } of sums) expect(greeting).toEqual([800_000, 900_000])
  expect(new Set(sums.map(({ pid }) => pid)).size).toBe(8)
  expect(await atWork()).toEqual([])
})

test('a fault of a fresh worker is everybody’s, and nobody follows after it', async () => {
  await using workers = open(1, 'summing-once-worker.ts')
  await (await workers.submit({ picture: Uint8Array.of(1) })).answer
  const { answer } = await workers.submit({})
  await expect(answer).rejects.toThrow('as asked for')
  await expect(workers.submit({ picture: Uint8Array.of(1) })).rejects.toThrow('as asked for')
  await expect.poll(atWork).toEqual([])
})

test('a fault of one worker is everybody’s', async () => {
  await using workers = open(2)
  const { answer: other } = await workers.submit({ wait: true })
  const { answer: faulty } = await workers.submit({})
  await expect(faulty).rejects.toThrow('as asked for')
  await expect(other).rejects.toThrow('as asked for')
  await expect(workers.submit({ picture: Uint8Array.of(1) })).rejects.toThrow('as asked for')
  await expect.poll(atWork).toEqual([])
})

test('a worker that cannot be started, and a question that cannot be told, are faults', async () => {
  const { execPath } = process
  process.execPath = '/nowhere/node'
  await using none = open(1)
  process.execPath = execPath
  await expect(none.submit({}).then(({ answer }) => answer)).rejects.toMatchObject({ code: 'ENOENT' })

  await using workers = open(1)
  const unspeakable = { picture: () => {} } as unknown as { picture: Uint8Array }
  await expect(workers.submit(unspeakable).then(({ answer }) => answer)).rejects.toThrow(/could not be cloned/)
  await expect(workers.submit({})).rejects.toThrow(/could not be cloned/)
})

test('a worker that dies with half of a question leaves nobody waiting', async () => {
  await using workers = open(1)
  const { pid } = await (await workers.submit({ picture: Uint8Array.of(1) })).answer
  process.kill(pid, 'SIGSTOP')
  let taken = false
  const submitted = workers.submit({ picture: new Uint8Array(8_000_000) }).finally(() => {
    taken = true
  })
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(taken).toBe(false)
  process.kill(pid, 'SIGKILL')
  await expect(submitted.then(({ answer }) => answer)).rejects.toThrow(WorkerLost)
})
