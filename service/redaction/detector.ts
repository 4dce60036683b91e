import type { Box } from './box.ts'
import type { DetectorClass } from './plan.ts'

/** The upright frame, scaled: three planes of bytes one after another, green, blue, red (ffmpeg's gbrp). */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly planes: Uint8Array
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
