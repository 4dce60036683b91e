#!/usr/bin/env node
// The starter: runs on any Node >= 18 with nothing installed. It sees to the dependencies and to ffmpeg, then hands over to Node 24.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const node24 = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node')
const say = line => process.stderr.write(`custos: ${line}\n`)

/** npm writes node_modules/.package-lock.json last, so its absence means an install that never ended. */
function installed() {
  const stamp = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(stamp) || !existsSync(node24)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const have = JSON.parse(readFileSync(stamp, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, p]) => path === '' || p.optional || p.devOptional || have[path]?.version === p.version,
  )
}

function install() {
  say('installing dependencies (npm ci) …')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0 || !installed()) {
    say('npm ci did not finish; run `npm ci` here and look at what it says')
    process.exit(1)
  }
}

/** What is wrong with the ffmpeg on the PATH, or undefined. Redaction needs x264, sendcmd, and a drawbox that takes commands. */
export function ffmpegFault() {
  const ask = args => spawnSync('ffmpeg', ['-hide_banner', ...args], { encoding: 'utf8', maxBuffer: 1 << 24 })
  const encoders = ask(['-encoders'])
  if (encoders.error || spawnSync('ffprobe', ['-version']).error) return 'ffmpeg is not installed'
  if (!/\blibx264\b/.test(encoders.stdout)) return 'this ffmpeg has no libx264'
  const filters = ask(['-filters']).stdout
  if (!/^\s*\S+\s+sendcmd\s/m.test(filters)) return 'this ffmpeg has no sendcmd filter'
  if (!/^\s*\S*C\S*\s+drawbox\s/m.test(filters))
    return 'the drawbox filter of this ffmpeg takes no commands (5.0 or later does)'
  return undefined
}

function seeToFfmpeg() {
  const fault = ffmpegFault()
  if (!fault) return
  const has = tool => !spawnSync(tool, ['--version']).error
  const how = has('apt-get')
    ? [
        'apt-get update -qq && apt-get install -y -qq ffmpeg',
        'sudo sh -c "apt-get update && apt-get install -y ffmpeg"',
      ]
    : has('apk')
      ? ['apk add --no-cache ffmpeg', 'sudo apk add ffmpeg']
      : undefined
  const isRoot = typeof process.getuid === 'function' && process.getuid() === 0
  if (how && isRoot) {
    say(`${fault}; installing the package of this distribution (${how[0]})`)
    spawnSync('sh', ['-c', how[0]], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    const still = ffmpegFault()
    if (!still) return
    say(`${still}, even after installing it`)
    process.exit(1)
  }
  const mac =
    process.platform === 'darwin'
      ? 'brew install ffmpeg'
      : 'install ffmpeg 5 or later with libx264, and put it on the PATH'
  say(`${fault}. Type this and start again:\n\n  ${how ? how[1] : mac}\n`)
  process.exit(1)
}

function start() {
  const args = process.argv.slice(2)
  if (!installed()) install()
  // These touch no video; the rest does, sooner or later, and should say so now and not half way.
  const withoutFfmpeg = new Set([
    'verify',
    'token',
    'check',
    'policy',
    'ledger',
    'request',
    'acquire',
    'migrate',
    'models',
    'doctor',
    'help',
    '--help',
    '-h',
    undefined,
  ])
  if (!withoutFfmpeg.has(args[0]) && !args.includes('--help')) seeToFfmpeg()

  const child = spawn(
    node24,
    ['--disable-warning=ExperimentalWarning', join(root, 'service', 'cli', 'main.ts'), ...args],
    {
      stdio: 'inherit',
      env: process.env,
    },
  )
  // A terminal's Ctrl-C reaches the child by itself; the starter only waits, so that the child can tidy up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

// Imported by `custos doctor`, it starts nothing.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) start()
