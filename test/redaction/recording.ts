/** What adapters.json holds, and how it becomes tensors again. */
import { Tensor } from 'onnxruntime-node'
import type { Sight } from '../../service/redaction/adapter.ts'
import type { Box } from '../../service/redaction/box.ts'
import type { ModelEntry } from '../../service/redaction/models.ts'
import type { View } from '../../service/redaction/planes.ts'

/** A tensor of which most numbers are `fill`. */
export interface Sparse {
  readonly name: string
  readonly dims: readonly number[]
  readonly fill: number
  readonly at: readonly number[]
  readonly values: readonly number[]
}

export interface Recording extends Pick<ModelEntry, 'adapter' | 'channels' | 'columns'> {
  readonly window: Box
  readonly floor: number
  readonly outputs: readonly Sparse[]
  readonly sights: readonly Sight[]
  /** Of the tensor that `pattern` is fed as: its sum, then some of its numbers, evenly chosen. */
  readonly samples: readonly number[]
}

export function tensorsOf(outputs: readonly Sparse[]): Record<string, Tensor> {
  return Object.fromEntries(
    outputs.map(({ name, dims, fill, at, values }) => {
      const data = new Float32Array(dims.reduce((a, b) => a * b)).fill(fill)
      for (const [i, place] of at.entries()) data[place] = values[i]!
      return [name, new Tensor('float32', data, dims)]
    }),
  )
}

/** A view of the size of a window, in which no plane and no corner is like another. */
export function pattern({ w: width, h: height }: Box): View {
  const planes = Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const [plane, at] = [Math.floor(i / width / height), i % (width * height)]
    const [x, y] = [at % width, Math.floor(at / width)]
    return [40 + (x % 97), 90 + (y % 61) + (x >> 5), 250 - ((x + 2 * y) % 199)][plane]!
  })
  return { width, height, planes }
}

const sampled = 60

export function samplesOf({ data }: Tensor): number[] {
  const numbers = data as Float32Array
  const step = Math.floor(numbers.length / sampled)
  const some = Array.from({ length: sampled }, (_, i) => numbers[i * step + ((i * 31) % step)]!)
  return [numbers.reduce((a, b) => a + b, 0), ...some].map(value => Number(value.toPrecision(7)))
}
