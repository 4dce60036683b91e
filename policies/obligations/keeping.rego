package custos.obligations

# METADATA
# description: |
#   What an acquisition is told. The lock starts short: nobody can shorten it, and the right to keep may end before it.
keeping := {"lockDays": data.retention.lockDays, "retentionDays": retention_days}

# METADATA
# description: How long an exhibit of such an incident is kept there. Undefined where anything about it is unknown.
retention_days := _by_severity[input.exhibit.severity]

# METADATA
# description: |
#   When its schedule ends by today's data, in epoch seconds. Days have 86400 seconds, whatever a local clock does.
retained_until := input.exhibit.acquiredAt + (retention_days * 86400)

_by_severity := _special if {
	_special
} else := data.retention.schedule[input.exhibit.incidentType] if {
	_jurisdiction
}

_special := _jurisdiction.schedule[input.exhibit.incidentType]

_jurisdiction := data.retention.jurisdictions[input.exhibit.jurisdiction]
