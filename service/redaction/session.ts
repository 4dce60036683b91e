import { InferenceSession } from 'onnxruntime-node'

/** Opens a network on one thread: many processes share the cores. One call to `run` at a time. */
export function openSession({ bytes }: { readonly bytes: Uint8Array }): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Pictures come in many sizes: an arena would keep memory for the largest of each.
    enableCpuMemArena: false,
    enableMemPattern: false,
  })
}
