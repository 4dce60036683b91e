# METADATA
# description: What must be done before a release, by purpose and authority. Undefined where the matrix has no cell.
package custos.obligations

# METADATA
# description: The cell of the matrix in data/purposes.json.
cell := data.purposes[input.purpose].authorities[input.authority.type]

# METADATA
# description: The obligations of a release.
demanded := {
	"approvals": cell.approvals + _sensitivity.approvals,
	"audio": _audio,
	"couldNotTell": data.release.couldNotTell,
	"expiresAfterDays": cell.expiresAfterDays,
	"fill": data.release.fill,
	"leakLimit": data.release.leakLimit,
	"leastWidthPx": data.release.leastWidthPx,
	"maxDownloads": cell.maxDownloads,
	"redact": data.release.redact,
	"region": input.exhibit.region,
	"retentionDays": retention_days,
}

default _audio := "drop"

_audio := "keep" if {
	cell.audio == "keep"
	_sensitivity.audio
}

_sensitivity := data.sensitivities[input.exhibit.sensitivity]
