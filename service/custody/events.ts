/** The closed list of what a ledger entry can say. It grows by decision only; each name is dotted and in the past tense. */
export const events = [
  'incident.recorded',
  'acquisition.refused',
  'exhibit.acquired',
  'hold.placed',
  'hold.lifted',
  'request.received',
  'request.approved',
  'request.refused',
  'master.opened',
  'redaction.planned',
  'redaction.reviewed',
  'exhibit.redacted',
  'disclosure.prepared',
  'access.permitted',
  'access.refused',
  'access.completed',
  'access.aborted',
  'exhibit.disposed',
  'subject.erased',
  'policy.activated',
  'key.rotated',
  'integrity.failed',
  'ledger.anchored',
] as const

export type EventName = (typeof events)[number]
