/** The thread beside the one that seals: digests what it is handed, for any number of bodies at once. */
import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { Asked, Told } from './sealed-digests.ts'

const port = parentPort!
const bodies = new Map<number, { sha256: Hash; md5: Hash }>()

port.on('message', ({ body, piece, end }: Asked) => {
  const { sha256, md5 } = bodies.get(body) ?? { sha256: createHash('sha256'), md5: createHash('md5') }
  if (end) bodies.delete(body)
  else bodies.set(body, { sha256, md5 })
  if (piece) {
    sha256.update(piece)
    md5.update(piece)
  }
  const told: Told = { body, ...(end === 'whole' && { sha256: sha256.digest('hex'), md5: md5.digest('hex') }) }
  if (end !== 'dropped') port.postMessage(told)
})
