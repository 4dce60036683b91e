import type { Box } from './box.ts'
import type { DetectorClass } from './plan.ts'

/** The upright frame, scaled to the layout's fine picture, as decoders keep it: 8-bit 4:2:0, limited range. */
export interface Picture {
  /** Multiples of four. */
  readonly width: number
  readonly height: number
  /** Luma, then both chroma planes of half its sides. */
  readonly planes: Uint8Array
  readonly matrix: 'bt601' | 'bt709'
  /** What is to be looked at. */
  readonly looks: readonly Look[]
}

/** The coarse picture has half the sides of the fine one. */
export type Scale = 'coarse' | 'fine'

/** A part of the frame at one of the scales, in pixels of what is then seen. */
export interface Look {
  readonly scale: Scale
  readonly region: Box
}

/** One thing that a detector saw. */
export interface Finding {
  readonly class: DetectorClass
  /** 0..1, comparable between the detectors of a class; not a probability. */
  readonly score: number
  /** In shares of the frame's width and height; may reach a little over its border. */
  readonly box: Box
}

/** Looks at one picture. Who builds one decides what it is made of; see onnx-detector.ts. */
export interface Detector {
  readonly name: string
  /** Hex SHA-256 of the model file. */
  readonly digest: string
  /** Throws DetectorFault when the answer is unusable: silence must never pass for "nothing found". */
  detect(picture: Picture): Promise<Finding[]>
}

export class DetectorFault extends Error {
  override readonly name = 'DetectorFault'
}

/** Throws DetectorFault unless every number is finite. */
export function assertFinite(values: Float32Array): void {
  let sum = 0
  for (const value of values) sum += value - value
  if (sum !== 0) throw new DetectorFault('the model answered with a number that is none')
}
