import { ceph } from './ceph.ts'
import { ministack, moto } from './kms.ts'
import { postgres } from './postgres.ts'
import { tink } from './tink.ts'
import { versitygw } from './versitygw.ts'

const engines = [postgres, versitygw, ceph, ministack, moto, tink]

/** Starts every engine and names it to the tests; vitest calls what this returns when all is done. Installs nothing. */
export async function setup(): Promise<() => Promise<void>> {
  const lacks = await Promise.all(engines.map(async ({ name, missing }) => ({ name, how: await missing() })))
  const list = lacks.flatMap(({ name, how }) => (how ? [`  ${name}: ${how}`] : []))
  if (list.length > 0) {
    const message = `these engines are not installed:\n${list.join('\n')}\n`
    throw Object.assign(new Error(message), { stack: message })
  }
  const started = await Promise.allSettled(engines.map(engine => engine.start()))
  const running = started.flatMap(s => (s.status === 'fulfilled' ? [s.value] : []))
  const stop = async () => void (await Promise.all(running.map(server => server.stop())))
  const failed = started.find(s => s.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  for (const { env } of running) Object.assign(process.env, env)
  return stop
}
