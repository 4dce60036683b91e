import type { Adapter } from './adapter.ts'
import { dense } from './dense.ts'
import { mediapipe } from './mediapipe.ts'
import type { Model } from './models.ts'
import { yunet } from './yunet.ts'

/** How this model is fed and read. Every kind of network that models.json may name has its line here. */
export function adapterFor({ adapter, channels, columns }: Model): Adapter {
  if (adapter === 'mediapipe') return mediapipe()
  return adapter === 'yunet' ? yunet(channels, columns.length) : dense(channels, columns.length)
}
