/** Tells "not now" from "never": errors of a database that is down, full, busy or failing over, whatever they are wrapped in. */
import { TurnTimedOut } from './turns.ts'

/**
 * SQLSTATE classes and codes (PostgreSQL, appendix A): connection, resources (disk full, too many connections), system; statement and lock
 * timeouts, shutdown, read only (a standby), deadlock, a password that is being changed.
 */
const sqlStates = /^(08...|53...|58...|28...|57014|57P0[1-5]|55P03|25P0[34]|25006|40001|40P01)$/
const errnos = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN'.split(' '),
)
/** The driver's own errors carry no code. */
const driver =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after)/

/** True where the same act may succeed later. Looks down the chain of causes. */
export function isOutage(error: unknown): boolean {
  for (let e = error, depth = 0; e instanceof Error && depth < 8; e = e.cause, depth++) {
    const { code } = e as { code?: unknown }
    if (typeof code === 'string' && (sqlStates.test(code) || errnos.has(code))) return true
    if (driver.test(e.message) || e instanceof TurnTimedOut) return true
  }
  return false
}
