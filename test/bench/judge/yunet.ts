import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Model } from '../../../service/redaction/models.ts'

/** A YuNet of somebody else's, as a model of ours is named. */
export async function yunetModel(path: string): Promise<Model> {
  const bytes = new Uint8Array(await readFile(path))
  return {
    name: 'yunet',
    file: 'yunet.onnx',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    adapter: 'yunet',
    channels: 'bgr',
    columns: ['face'],
    scorePerMille: 1000,
    bytes,
  }
}
