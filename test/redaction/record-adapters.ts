/**
 * Writes adapters.json: what networks answered to one frame of a rendered clip of ours, and what the adapters made of it. Run by hand when an
 * adapter is added: `node test/redaction/record-adapters.ts NAME=ADAPTER:CHANNELS:FILE.onnx...`, with the committed boxes seen to be right.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { adapterFor } from '../../service/redaction/adapters.ts'
import { pictures } from '../../service/redaction/frame-source.ts'
import { layoutFor, wholeOf } from '../../service/redaction/layout.ts'
import type { Model } from '../../service/redaction/models.ts'
import { viewOf } from '../../service/redaction/planes.ts'
import { probeClip } from '../../service/redaction/probe.ts'
import { pattern, type Recording, type Sparse, samplesOf } from './recording.ts'

const clipPath = new URL('../../fixtures/door.mp4', import.meta.url).pathname
const frame = 60
const floor = 0.3
/** Numbers of cells that no sight comes of are not worth keeping. */
const kept = 0.15

const clip = await probeClip(clipPath)
const layout = layoutFor(clip.width, clip.height)
let left = frame
const recordings: Recording[] = []
for await (const picture of pictures(clipPath, clip, layout, {})) {
  if (left-- > 0) continue
  for (const spec of process.argv.slice(2)) {
    const [, name, adapter, channels, path] = /^([\w-]+)=(\w+):(\w+):(.+)$/.exec(spec)!
    const model = { name, adapter, channels, columns: name === 'plates' ? ['face', 'plate'] : ['face'] } as Model
    recordings.push(await record(model, new Uint8Array(await readFile(path!)), viewOf(picture, 'coarse')))
  }
  break
}
await writeFile(new URL('recorded/adapters.json', import.meta.url), `${JSON.stringify(recordings)}\n`)

async function record(model: Model, bytes: Uint8Array, view: ReturnType<typeof viewOf>): Promise<Recording> {
  const session = await InferenceSession.create(bytes)
  const adapter = adapterFor(model)
  const look = { scale: 'coarse', region: wholeOf(layout) } as const
  for (const window of adapter.windows(look, view)) {
    const outputs = await session.run({ [session.inputNames[0]!]: adapter.feed(view, window) })
    const sights = adapter.read(outputs, window, floor)
    if (sights.length === 0) continue
    const wanted = new Set(Object.keys(outputs).filter(name => !name.startsWith('kps')))
    const { adapter: kind, channels, columns } = model
    const fed = adapter.feed(pattern(window), { ...window, x: 0, y: 0 })
    const sparse = [...wanted].map(name => thin(name, outputs as Record<string, Tensor>))
    return { adapter: kind, channels, columns, window, floor, outputs: sparse, sights, samples: samplesOf(fed) }
  }
  throw new Error(`${model.name} saw nothing`)
}

/** The numbers of the cells that scored, and a number that says nothing for all others. */
function thin(name: string, outputs: Record<string, Tensor>): Sparse {
  const { data, dims } = outputs[name] as { data: Float32Array; dims: readonly number[] }
  const scored = scoresBeside(name, outputs)
  const cells = dims[1]!
  const wide = data.length / cells
  const at = [...data.keys()].filter(i => scored(Math.floor(i / wide)) >= kept)
  const fill = name === 'logits' ? -20 : 0
  return { name, dims: [...dims], fill, at, values: at.map(i => Number(data[i]!.toPrecision(7))) }
}

function scoresBeside(name: string, outputs: Record<string, Tensor>): (cell: number) => number {
  const numbers = (of: string) => outputs[of]!.data as Float32Array
  if ('logits' in outputs) return cell => 1 / (1 + Math.exp(-numbers('logits')[cell]!))
  const stride = /_(\d+)$/.exec(name)?.[1]
  if (stride) return cell => Math.sqrt(numbers(`cls_${stride}`)[cell]! * numbers(`obj_${stride}`)[cell]!)
  const columns = outputs.scores!.dims[2]!
  return cell => Math.max(...numbers('scores').subarray(cell * columns, (cell + 1) * columns))
}
