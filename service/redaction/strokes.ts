/** Labels drawn as seven-segment strokes, so that a picture of ours needs no font and looks alike on every machine. */

const segments = {
  a: 'M0 0H4',
  b: 'M4 0V3',
  c: 'M4 3V6',
  d: 'M0 6H4',
  e: 'M0 3V6',
  f: 'M0 0V3',
  g: 'M0 3H4',
  upper: 'M1 1.9V2.1',
  lower: 'M1 4.4V4.6',
  dot: 'M0.5 6V6',
}
type Segment = keyof typeof segments

const glyphs: Record<string, readonly Segment[]> = {
  0: ['a', 'b', 'c', 'd', 'e', 'f'],
  1: ['b', 'c'],
  2: ['a', 'b', 'g', 'e', 'd'],
  3: ['a', 'b', 'g', 'c', 'd'],
  4: ['f', 'g', 'b', 'c'],
  5: ['a', 'f', 'g', 'c', 'd'],
  6: ['a', 'f', 'g', 'e', 'c', 'd'],
  7: ['a', 'b', 'c'],
  8: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
  9: ['a', 'b', 'c', 'd', 'f', 'g'],
  A: ['a', 'b', 'c', 'e', 'f', 'g'],
  B: ['c', 'd', 'e', 'f', 'g'],
  E: ['a', 'd', 'e', 'f', 'g'],
  F: ['a', 'e', 'f', 'g'],
  O: ['c', 'd', 'e', 'g'],
  R: ['e', 'g'],
  T: ['d', 'e', 'f', 'g'],
  ':': ['upper', 'lower'],
  '.': ['dot'],
}
const narrow = ':.'
const advance = (letter: string) => (narrow.includes(letter) ? 3 : 6)

/** An SVG picture of the text, `height` pixels high. Throws RangeError on a letter that has no strokes. */
export function strokes(text: string, height: number, colour: string): string {
  let at = 0
  const paths = [...text.toUpperCase()].map(letter => {
    const glyph = letter === ' ' ? [] : glyphs[letter]
    if (!glyph) throw new RangeError(`no strokes for ${letter}`)
    const path = `<path transform="translate(${at} 0)" d="${glyph.map(s => segments[s]).join('')}"/>`
    at += advance(letter)
    return path
  })
  const style = `fill="none" stroke="${colour}" stroke-width="0.8" stroke-linecap="round"`
  const width = Math.ceil(((at + 1) * height) / 8)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="-1 -1 ${at + 1} 8"><g ${style}>${paths.join('')}</g></svg>`
}
