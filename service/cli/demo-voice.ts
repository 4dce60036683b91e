/** How the demo speaks. */
const colour = process.stdout.isTTY === true
const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
let steps = 0

export function step(title: string): void {
  process.stdout.write(`\n${paint(1, `${++steps}. ${title}`)}\n`)
}

export const say = {
  fact: (name: string, value: string | number) =>
    void process.stdout.write(`   ${paint(2, name.padEnd(13))} ${value}\n`),
  item: (text: string) => void process.stdout.write(`   ${' '.repeat(13)} · ${text}\n`),
  check: (ok: boolean, text: string) =>
    void process.stdout.write(`   ${ok ? paint(32, '✓') : paint(31, '✗')} ${text}\n`),
  failed: (text: string) => void process.stderr.write(`\n${paint(31, 'The demo broke off:')} ${text}\n`),
  end(folder: string, entries: number): void {
    process.stdout.write(`
${paint(1, 'Done.')} The exhibit's chain has ${entries} entries. Look at

   ${folder}/contact-sheet.png   before and after, side by side
   ${folder}/redacted.mp4        what the officer gets to see
   ${folder}/package.zip         all of it; check it yourself:

   npx custos verify ${folder}/package.zip --key ${folder}/key
`)
  },
}
