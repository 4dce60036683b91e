/** One range of bytes with a start; any other form of the field is ignored, as RFC 9110, section 14.2, allows. */
export function parseRange(field: string | undefined): { start: number; end: number | undefined } | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(field ?? '')
  if (!match) return undefined
  return { start: Number(match[1]), end: match[2] === '' ? undefined : Number(match[2]) }
}
