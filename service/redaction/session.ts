import { InferenceSession } from 'onnxruntime-node'

/**
 * Opens a network on one thread: many processes share the cores. One call to `run` at a time. With `arena` it keeps its memory from run to
 * run: the text networks then take less of it and less time, the detectors more of it (docs/benchmarks.md).
 */
export function openSession(
  { bytes }: { readonly bytes: Uint8Array },
  { arena = false }: { readonly arena?: boolean } = {},
): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: arena,
    enableMemPattern: false,
  })
}
