/** Ledger time: RFC 3339 UTC with exactly six decimals. Inside the room it is a whole number of microseconds since 1970. */

export function formatTime(micros: number): string {
  const millis = Math.floor(micros / 1000)
  return `${new Date(millis).toISOString().slice(0, -1)}${String(micros - millis * 1000).padStart(3, '0')}Z`
}

/** Microseconds since 1970. Throws a SyntaxError for any other form, and for a day or hour that does not exist. */
export function parseTime(text: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text))
    throw new SyntaxError('not an RFC 3339 time in microseconds')
  const micros = Date.parse(`${text.slice(0, 23)}Z`) * 1000 + Number(text.slice(23, 26))
  if (!Number.isSafeInteger(micros) || formatTime(micros) !== text) throw new SyntaxError('no such time')
  return micros
}
