/** Labels drawn as strokes on a grid of 4 by 6, so that a picture of ours needs no font and looks alike on every machine. */
const glyphs: Record<string, string> = {
  0: 'M1 0H3L4 1V5L3 6H1L0 5V1Z',
  1: 'M1 1L2 0V6M1 6H3',
  2: 'M0 1L1 0H3L4 1V2L0 6H4',
  3: 'M0 0H4L2 2.5H3L4 3.5V5L3 6H1L0 5',
  4: 'M3 6V0L0 4H4',
  5: 'M4 0H0V2.5H3L4 3.5V5L3 6H1L0 5',
  6: 'M4 0H2L0 2.5V5L1 6H3L4 5V4L3 3H0',
  7: 'M0 0H4L1.5 6',
  8: 'M1 0H3L4 1V2L3 3H1L0 2V1ZM1 3L0 4V5L1 6H3L4 5V4L3 3',
  9: 'M4 3H1L0 2V1L1 0H3L4 1V3.5L2 6H0',
  A: 'M0 6V2L2 0L4 2V6M0 4H4',
  B: 'M0 0V6H3L4 5V4L3 3H0M3 3L4 2V1L3 0H0',
  E: 'M4 0H0V6H4M0 3H3',
  F: 'M4 0H0V6M0 3H3',
  O: 'M1 0H3L4 1V5L3 6H1L0 5V1Z',
  R: 'M0 6V0H3L4 1V2L3 3H0M2 3L4 6',
  T: 'M0 0H4M2 0V6',
  ':': 'M1 1.9V2.1M1 4.4V4.6',
  '.': 'M0.5 6V6',
  ' ': '',
}
const advance = (letter: string) => (letter === ':' || letter === '.' ? 3 : 6)

/** An SVG picture of the text, `height` pixels high. Throws RangeError on a letter that has no strokes. */
export function strokes(text: string, height: number, colour: string): string {
  let at = 0
  const paths = [...text.toUpperCase()].map(letter => {
    const glyph = glyphs[letter]
    if (glyph === undefined) throw new RangeError(`no strokes for ${letter}`)
    const path = `<path transform="translate(${at} 0)" d="${glyph}"/>`
    at += advance(letter)
    return path
  })
  const style = `fill="none" stroke="${colour}" stroke-width="0.8" stroke-linecap="round" stroke-linejoin="round"`
  const width = Math.ceil(((at + 1) * height) / 8)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="-1 -1 ${at + 1} 8"><g ${style}>${paths.join('')}</g></svg>`
}
