package custos.requester

# METADATA
# description: Something in this act belongs to another agency. The HTTP layer answers as if it did not exist.
reasons contains "tenant.mismatch" if not _one_owner

_one_owner if {
	input.organisation
	count(_owners) <= 1
	not _unowned
}

_unowned if {
	input.agency
	not input.agency.id
}

_unowned if {
	input.request
	not input.request.agencyId
}

_owners contains input.agency.id

_owners contains input.request.agencyId

_owners contains input.exhibit.agencyId

_owners contains input.organisation if from_agency
