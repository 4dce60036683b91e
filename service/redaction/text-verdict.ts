/** Whether a piece of writing could be a number plate. The reading is looked at here and kept nowhere. */

export const textVerdict = ['plate-like', 'other-text', 'could-not-tell'] as const
export type TextVerdict = (typeof textVerdict)[number]

export interface Reading {
  readonly text: string
  /** Mean certainty of its letters, 0..1. */
  readonly score: number
}

/** How large the writing stands in the picture, in pixels; and how wide the picture is. */
export interface TextSize {
  readonly along: number
  readonly across: number
  readonly frameWidth: number
}

/** Below this the recogniser guesses. */
const readable = 0.7
/** Writing that could be a plate is at least this wide, and a plate's outline is no longer than this for its height. */
export const leastAlongPx = 30
const shapes = { squarest: 1.5, longest: 8, widestShareOfFrame: 0.4 } as const
const fewestLetters = 2

/**
 * "Could not tell" is for writing that has the shape of a plate and cannot be read. Writing too small for a plate that anyone
 * could read, and writing of another shape, is other text where it cannot be read.
 */
export function verdictOn({ text, score }: Reading, size: TextSize): TextVerdict {
  if (size.along < leastAlongPx) return 'other-text'
  if (score >= readable && letters(text).length >= fewestLetters)
    return couldBePlate(text) ? 'plate-like' : 'other-text'
  return plateShaped(size) ? 'could-not-tell' : 'other-text'
}

/** The same for two lines of one card, the upper one first: the worse of the two, and a plate where they are one together. */
export function verdictOnTwo(upper: Reading, lower: Reading, size: TextSize): TextVerdict {
  const verdicts = [verdictOn(upper, size), verdictOn(lower, size)]
  const both = Math.min(upper.score, lower.score) >= readable && couldBeTwoLines(upper.text, lower.text)
  if (both || verdicts.includes('plate-like')) return 'plate-like'
  return verdicts.includes('could-not-tell') ? 'could-not-tell' : 'other-text'
}

/**
 * True for 4 to 10 letters and digits mixed, and for 5 to 8 digits alone; also as a part of longer writing, as cameras that
 * read plates burn them in. Dates, times, prices and the labels of cameras are not. Letters alone are words: a plate of
 * letters alone goes unnoticed here.
 */
export function couldBePlate(text: string): boolean {
  const said = text.normalize('NFKC').toUpperCase().trim()
  const line = said.replace(leadingLabel, '')
  if (harmless(line)) return false
  const parts = line.split(/[\s,;|]+/u).filter(part => part !== '' && !harmless(part))
  const whole = letters(parts.join(''))
  if (line === said && whole.length <= 10) return plausible(whole)
  const words = parts.map(letters).filter(part => !misreadWord.test(part))
  const pairs = words.slice(1).map((word, i) => words[i]! + word)
  return [...words, ...pairs].some(part => part.length >= 5 && part.length <= 9 && mixed(part))
}

/** For the two lines of one card: the plates of motorcycles, and of many countries, are written so. */
export function couldBeTwoLines(upper: string, lower: string): boolean {
  if (harmless(upper.toUpperCase()) || harmless(lower.toUpperCase())) return false
  const whole = letters(upper + lower)
  return whole.length >= 5 && whole.length <= 9 && mixed(whole)
}

function plateShaped({ along, across, frameWidth }: TextSize): boolean {
  const elongation = along / across
  return (
    elongation >= shapes.squarest && elongation <= shapes.longest && along <= shapes.widestShareOfFrame * frameWidth
  )
}

function plausible(part: string): boolean {
  if (/^\p{N}+$/u.test(part)) return part.length >= 5 && part.length <= 8
  return part.length >= 4 && /\p{N}/u.test(part)
}

function mixed(part: string): boolean {
  return /\p{L}/u.test(part) && (part.match(/\p{N}/gu)?.length ?? 0) >= 2
}

function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '')
}

const weekday = '(?:MON|TUES?|WED|THU(?:RS)?|FRI|SAT|SUN)(?:DAY)?'
const month = '(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC)[A-Z]*'
const gap = '[\\s.,:;/_-]*'
const day = '(?:0?[1-9]|[12]\\d|3[01])'
const year = '(?:19|20)\\d\\d'
const monthNumber = '(?:0?[1-9]|1[0-2])'
const numericDate = `(?:${year}[-./]?${monthNumber}[-./]?${day}|${day}[-./]${monthNumber}[-./](?:${year}|\\d\\d)|${monthNumber}[-./]${day}[-./](?:${year}|\\d\\d)|\\d{2}\\d{2}${year})`
const wordDate = `(?:${day}${gap}${month}${gap}(?:${year}|\\d\\d)?|${month}${gap}${day}${gap}(?:${year})?)`
const clock = '(?:[01]?\\d|2[0-4])[:.;H]\\s?[0-5]\\d(?:[:.;]\\s?[0-5]\\d(?:[:.,]\\d{1,3})?)?\\s?(?:[AP]\\.?M\\.?)?'
const bareClock = '(?:[01]\\d|2[0-3])[0-5]\\d[0-5]\\d'
const label =
  '(?:CAM(?:ERA)?|KAMERA|CAMARA|CH(?:ANNEL)?|KANAL|CANAL|DVR|NVR|IPC|IPCAM|IP|HD|PTZ|DOME|ZONE|GATE|AISLE|TILL|LANE|EXIT|DOOR|FLOOR|LEVEL|STORE|SHOP|ROOM|REC)'

/** DOOR and STORE, read with a zero for the O. */
const misreadWord = /^(?=.{4,5}$)\p{L}+[01]+\p{L}+$/u
const leadingLabel = new RegExp(`^${label}[\\s.:_-]*#?\\d{1,2}(?=\\s)`, 'u')

const patterns = [
  `(?:${weekday}${gap})?(?:${numericDate}|${wordDate})?${gap}(?:${weekday})?${gap}(?:${clock}|${bareClock})?${gap}(?:${weekday}|UTC|GMT|CET|EST|PST|Z)?`,
  `${label}${gap}#?\\d{1,2}`,
  '\\d{3,4}[PI]|\\d{1,3}\\s?FPS|[2-8]K',
  '[€$£¥]\\s?\\d+(?:[.,]\\d\\d)?|\\d+(?:[.,]\\d\\d)?\\s?[€$£¥%]',
  '\\d{1,2}[.,]\\d\\d|\\d{1,2}/\\d{1,2}',
  '\\p{N}*年?\\p{N}*月?\\p{N}*日?.*星期.*|\\p{N}+年\\p{N}+月\\p{N}*日?.*',
].map(pattern => new RegExp(`^(?:${pattern})$`, 'u'))

/** Dates, times, prices, picture formats, and the names that recorders burn in. */
function harmless(line: string): boolean {
  return patterns.some(pattern => pattern.test(line))
}
