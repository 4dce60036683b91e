/**
 * A thread beside one that may be inside a network: it kills the process once the process that started it is gone. The closed
 * channel says so too, but only to whoever comes back to read it.
 */
import { workerData } from 'node:worker_threads'

const everyMs = 500

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, everyMs)
