import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Region, readRegions } from '../../service/regions.ts'
import { scratch } from './streams.ts'

const region = { bucket: 'evidence', kmsKeyId: 'alias/wrap', kmsMacKeyId: 'alias/name', awsRegion: 'eu-central-1' }
const other = { bucket: 'other', kmsKeyId: 'alias/wrap', kmsMacKeyId: 'alias/name', awsRegion: 'us-east-1' }
const multiRegion = 'mrk-1234567890abcdef1234567890abcdef'
const arn = (awsRegion: string) => `arn:aws:kms:${awsRegion}:111122223333:key/${multiRegion}`

async function read(eu: object, us: object) {
  await using folder = await scratch()
  const file = join(folder.path, 'regions.json')
  await writeFile(file, JSON.stringify({ regions: { eu, us } }))
  return await readRegions({ name: 'eu', region: Region.parse({}) }, file)
}

test('regions may name alike what lies apart, and need nothing of their own in folder and key file', async () => {
  expect((await read(region, other)).all.size).toBe(2)
  expect((await read({}, {})).all.size).toBe(2)
  expect(
    (await read({ ...region, s3Endpoint: 'https://one.example' }, { ...other, bucket: region.bucket })).all.size,
  ).toBe(2)
})

test.each([
  ['bucket', {}, { bucket: region.bucket }],
  ['wrapping key', {}, { awsRegion: region.awsRegion, kmsMacKeyId: 'alias/its-own' }],
  [
    'wrapping key',
    {},
    {
      kmsPreviousKeyIds: ['alias/wrap'],
      kmsKeyId: 'alias/next',
      awsRegion: region.awsRegion,
      kmsMacKeyId: 'alias/its-own',
    },
  ],
  ['wrapping key', { kmsKeyId: arn('eu-central-1') }, { kmsKeyId: arn('us-east-1') }],
  ['reference key', {}, { awsRegion: region.awsRegion, kmsKeyId: 'alias/its-own' }],
  ['reference key', { kmsMacKeyId: multiRegion }, { kmsMacKeyId: arn('us-east-1') }],
])('two regions with one %s are refused: %j and %j', async (what, eu, us) => {
  await expect(read({ ...region, ...eu }, { ...other, ...us })).rejects.toThrow(`eu and us have the same ${what}`)
})

test('the whole file in docs/deploy.md is one that the service takes, with every field', async () => {
  const page = await readFile('docs/deploy.md', 'utf8')
  const text = page.slice(page.indexOf('### Several regions')).match(/```json\n(.+?)```/s)![1]!
  await using folder = await scratch()
  const file = join(folder.path, 'regions.json')
  await writeFile(file, text)
  const { all, jurisdictions, place } = await readRegions({ name: 'eu', region: Region.parse({}) }, file)
  expect(new Set([...all.values()].flatMap(Object.keys))).toEqual(new Set(Object.keys(Region.shape)))
  expect(place('nowhere')).toEqual({ region: 'eu', jurisdiction: 'default' })
  const known = JSON.parse(await readFile('policies/data/retention.json', 'utf8')).retention.jurisdictions
  for (const each of jurisdictions) expect(known).toHaveProperty(each)
})
