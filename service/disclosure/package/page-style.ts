import { Html } from './html.ts'

/** For screen and paper; no font, image or script is loaded from anywhere. */
export const pageStyle = new Html(`
:root { color-scheme: light dark; --ink: #1c1d1f; --soft: #5b6068; --line: #d9dce1; --wash: #f5f6f8; --paper: #fff; --mark: #0b5a50; --warn: #8a3b00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9eb; --soft: #a4a9b1; --line: #3a3e45; --wash: #23262b; --paper: #191b1e; --mark: #6cc7b9; --warn: #f0a36b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif }
main { max-width: 42rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem }
header { border-bottom: 2px solid var(--ink); padding-bottom: 1.4rem; margin-bottom: 2rem }
.over, th, dt, footer, figcaption { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: .8rem; color: var(--soft) }
.over { letter-spacing: .04em; margin: 0 0 .5rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .6rem; font-weight: 600; text-wrap: balance }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.6rem 0 .6rem; font-weight: 600 }
p, ul, ol { margin: .7rem 0 } li { margin: .35rem 0 }
.id { white-space: nowrap }
.lead { font-size: 1.1rem; margin: 0 }
.note { border-left: 3px solid var(--warn); padding: .1rem 0 .1rem 1rem }
a { color: var(--mark) }
dl { display: grid; grid-template-columns: 10.5rem 1fr; gap: .35rem 1rem; margin: 1rem 0 } dt { padding-top: .2rem } dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } th { text-align: left; font-weight: 500 }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .8rem .45rem 0; vertical-align: top } td.n { text-align: right; font-variant-numeric: tabular-nums }
code, pre { font: .82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 4px; padding: .8rem 1rem; white-space: pre-wrap }
figure { margin: 1.5rem 0 } video { width: 100%; background: #000; border-radius: 4px; display: block } figcaption { margin-top: .4rem }
footer { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1rem }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .6rem } main { padding-top: 2rem } h1 { font-size: 1.6rem } }
@media print { body { font-size: 11pt } main { max-width: none; padding: 0 } figure { display: none } h2 { break-after: avoid } pre, table { break-inside: avoid } }
`)
