/** A sample of `npm run bench -- kill`: some kills at the lines that matter most, on the embedded engines. */
import { expect, test } from 'vitest'
import { emptyChart, runCampaign } from './campaign.ts'
import { makeWorld } from './world.ts'

const lines =
  /^(in|after) (transaction of (intake\/acquire|vault|disclosure|oversight)|store\.(put|remove)|ledger\.recorded exhibit)|ffmpeg for redaction/

test('killed at steps of acquisition, redaction and disposal, nothing acknowledged is lost and nothing is half there', async () => {
  const chart = emptyChart()
  await using world = await makeWorld()
  await runCampaign(world, chart, {
    acts: ['acquire', 'disclose', 'dispose', 'acquire'],
    kills: 8,
    chanceEvery: 5,
    only: lines,
  })
  expect(chart.kills.filter(kill => kill.findings.length > 0)).toEqual([])
  expect(chart.kills).toHaveLength(8)
}, 400_000)
