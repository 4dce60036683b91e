/** A progress bar on a terminal, and on nothing else: standard error, one line, redrawn in place. */
export interface ProgressBar {
  /** `fraction` of the stage that is done, 0 to 1. A new stage begins a new line. */
  show(stage: string, fraction: number): void
  /** Ends the line that is open. Calling it again does nothing. */
  done(): void
}

interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const redrawMs = 100
const clearLine = '\r\u001b[K'

export function progressBar(screen: Screen = process.stderr, now: () => number = () => performance.now()): ProgressBar {
  if (!screen.isTTY) return { show() {}, done() {} }
  let open = ''
  let begun = 0
  let drawn = Number.NEGATIVE_INFINITY

  return {
    show(stage, fraction) {
      const time = now()
      if (stage !== open) {
        if (open) screen.write('\n')
        open = stage
        begun = time
      } else if (time - drawn < redrawMs && fraction < 1) return
      drawn = time
      screen.write(clearLine + line(stage, Math.min(1, Math.max(0, fraction)), time - begun, screen.columns ?? 80))
    },
    done() {
      if (open) screen.write('\n')
      open = ''
    },
  }
}

function line(stage: string, fraction: number, spentMs: number, columns: number): string {
  const percent = `${Math.floor(fraction * 100)}`.padStart(3)
  const time =
    fraction > 0.02 && fraction < 1 ? `${duration((spentMs * (1 - fraction)) / fraction)} left` : duration(spentMs)
  const width = Math.max(0, Math.min(40, columns - 32))
  const full = Math.round(fraction * width)
  return `   ${stage.padEnd(8).slice(0, 12)} ${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent} %  ${time}`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
