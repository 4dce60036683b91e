import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseCheckpoint } from '../../service/custody/checkpoint.ts'
import { checkOpening, type Opening } from '../../service/custody/commitment.ts'
import { parseEntry } from '../../service/custody/entry.ts'
import { openNote, parseVerifierKey } from '../../service/custody/note.ts'
import { parseTlogProof } from '../../service/custody/tlog-proof.ts'
import { leafHash, verifyInclusion } from '../../service/custody/tree.ts'

/** The fenced blocks of a document, each with its final newline. */
async function blocks(name: string): Promise<string[]> {
  const text = await readFile(new URL(`../../docs/formats/${name}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(match => match[1]!)
}

test('the examples of docs/formats are true: the entry parses, its opening fits, and its proof verifies', async () => {
  const [entry, opening] = await blocks('entry.md')
  const [checkpoint, key, proof] = await blocks('ledger.md')
  const bytes = new TextEncoder().encode(entry!.trimEnd())
  expect(checkOpening(parseEntry(bytes), JSON.parse(opening!) as Opening)).toBe(true)
  const { index, proof: hashes, checkpoint: carried } = parseTlogProof(proof!)
  expect(carried).toBe(checkpoint)
  const { origin, size, root } = parseCheckpoint(openNote(carried, [parseVerifierKey(key!)]).text)
  expect(parseEntry(bytes).log).toBe(origin)
  expect(index).toBe(JSON.parse(opening!).index)
  expect(verifyInclusion({ index, size, leaf: leafHash(bytes), proof: hashes, root })).toBe(true)
})
