package custos.disclosure

# METADATA
# description: The authority was issued in the future.
reasons contains "authority.not-yet-issued" if {
	input.authority.issuedAt
	not _issued
}

# METADATA
# description: The authority is older than its type stays valid.
reasons contains "authority.expired" if {
	_kind
	input.authority.issuedAt
	not _valid
}

_issued if input.authority.issuedAt <= input.time

_valid if input.time <= input.authority.issuedAt + (_kind.validityDays * _day_seconds)

_day_seconds := 86400
