import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Box } from './box.ts'
import { assertFinite, DetectorFault, type Picture } from './detector.ts'
import type { Layout } from './layout.ts'

/** What a model saw in one window of the picture, before scores are made comparable. */
export interface Sight {
  readonly column: number
  readonly score: number
  /** In shares of the window. */
  readonly box: Box
}

/** How one kind of network is fed and read. */
export interface Adapter {
  windows(layout: Layout): readonly Box[]
  /** The model's input for one window. It may be overwritten by the next call. */
  feed(picture: Picture, window: Box): Tensor
  /** Every sight scored `floor` or better. Throws DetectorFault on numbers that are none. */
  read(outputs: InferenceSession.OnnxValueMapType, window: Box, floor: number): Sight[]
}

/** Throws DetectorFault when the output is missing or holds anything but finite 32-bit floats. */
export function floatsOf(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = (outputs[name] as Tensor | undefined)?.data
  if (!(data instanceof Float32Array)) throw new DetectorFault(`the model gave no floats named ${name}`)
  assertFinite(data)
  return data
}
