package custos.requester

# METADATA
# description: Nothing is known about the agency.
reasons contains "agency.missing" if {
	action.standing
	not input.agency
}

# METADATA
# description: The agency is not active.
reasons contains "agency.inactive" if {
	action.standing
	input.agency
	not _active
}

# METADATA
# description: The agency has signed no memorandum of understanding.
reasons contains "agency.mou-missing" if {
	action.standing
	input.agency
	not input.agency.mouUntil
}

# METADATA
# description: The memorandum of understanding has run out.
reasons contains "agency.mou-expired" if {
	action.standing
	input.agency.mouUntil
	not _mou_current
}

_active if input.agency.status == "active"

_mou_current if input.time < input.agency.mouUntil
