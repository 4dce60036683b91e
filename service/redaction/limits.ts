/** What a clip may demand of the machine before it is refused as `clip-beyond-limits`. */
export interface ClipLimits {
  /** Width times height of one frame. */
  readonly pixels: number
  /** Streams of all kinds in the file. */
  readonly streams: number
  readonly frames: number
  /** By its own timestamps, after repair. */
  readonly durationSeconds: number
  /** Longest time that one look at the clip may take. */
  readonly probeMs: number
  /** Address space of a child process. */
  readonly memoryBytes: number
}

/** 8K frames, a day of footage. */
export const defaultLimits: ClipLimits = {
  pixels: 8192 * 4352,
  streams: 32,
  frames: 6_000_000,
  durationSeconds: 26 * 3600,
  probeMs: 600_000,
  memoryBytes: 8 * 2 ** 30,
}
