import { randomInt } from 'node:crypto'

/** Crockford's base 32: no letter that is read for another when a number is written down by hand or read out in court. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** `EX-7K3M-9QTZ-0A4C`: 60 random bits, so that a number tells nothing about how many there are. */
export function newNumber(prefix: 'EX' | 'IN' | 'RQ' | 'DS' | 'HD'): string {
  const groups = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => alphabet[randomInt(32)]).join(''))
  return [prefix, ...groups].join('-')
}
