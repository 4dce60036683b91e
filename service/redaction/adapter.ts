import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Box } from './box.ts'
import { assertFinite, DetectorFault, type Look } from './detector.ts'
import type { View } from './planes.ts'

/** What a model saw in one window of the picture, before scores are made comparable. */
export interface Sight {
  readonly column: number
  readonly score: number
  /** In shares of the window. */
  readonly box: Box
}

/** How one kind of network is fed and read. */
export interface Adapter {
  /** Whether it is worth a look from afar as well (`viewFromAfar`): measured of networks of our own, which take windows of any size. */
  readonly fromAfar: boolean
  /** What of the view to run on so that all of the look's region is seen; nothing where this kind has no use for such a look. */
  windows(look: Look, view: View): readonly Box[]
  /** The model's input for one window. It may be overwritten by the next call. */
  feed(view: View, window: Box): Tensor
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

/** As floatsOf, for scores: what lies beyond 0..1 by more than rounding is none, and raw logits must not pass for low scores. */
export function sharesOf(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const shares = floatsOf(outputs, name)
  for (const share of shares) {
    if (share < -0.01 || share > 1.01) throw new DetectorFault(`the model gave a score in ${name} that is none`)
  }
  return shares
}
